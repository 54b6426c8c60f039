"""Vectors that a real Elasticsearch gives back, a cache in one of its indices, and dead letters of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.pipeline.cache import IndexCache
from tests.pipeline.pipelines import RECORDS, SETTINGS, count, pipeline, source, standard
from tests.real.node import RealNode

pytestmark = pytest.mark.real

PASSAGES = {"model_id": "dense", "input_output": {"input_field": "passages.text", "output_field": "passages.vector"}}


@pytest.fixture
def cluster(real_node: RealNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elasticsearch]:
    """The real node with a pond in memory for inference, and a cache of this test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    with connect(real_node.url, inference="embedded:pond") as client:
        yield client
        client.indices.delete(index="things,vectors,strict", ignore_unavailable=True)


def move(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "another machine"))


def test_a_changed_price_costs_no_call_on_another_machine(
    cluster: Elasticsearch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    processors = [*standard()["processors"], {"inference": {**PASSAGES}}]
    passages = {"passages": [{"text": "one"}, {"text": "two"}]}
    one = pipeline(cluster, processors=processors)
    first = one.ingest([{**record, **passages, "price": 1} for record in RECORDS], settings=SETTINGS)
    assert (first.indexed, first.inference.inputs) == (3, 8)
    before = source(cluster, "mill")
    move(monkeypatch, tmp_path)
    again = one.ingest([{**record, **passages, "price": 2} for record in RECORDS], settings=SETTINGS)
    assert (again.indexed, again.dead_lettered, again.inference.requests) == (3, 0, 0)
    after = source(cluster, "mill")
    assert after["price"] == 2
    np.testing.assert_allclose(after["dense"], before["dense"], rtol=1e-5)
    assert after["sparse"] == pytest.approx(before["sparse"], rel=1e-2)  # Lucene keeps nine bits of a weight
    for got, was in zip(after["passages"], before["passages"], strict=True):
        np.testing.assert_allclose(got["vector"], was["vector"], rtol=1e-5)


def test_an_index_is_a_cache_for_a_team(
    cluster: Elasticsearch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    team = replace(SETTINGS, cache="index:vectors")
    pipeline(cluster).ingest(RECORDS, settings=team)
    cluster.indices.delete(index="things")
    move(monkeypatch, tmp_path)
    again = pipeline(cluster).ingest(RECORDS, settings=team)
    assert (again.indexed, again.inference.requests) == (3, 0)
    cache = IndexCache(cluster, "vectors")
    stats = cache.stats()
    assert stats.entries == 6
    assert stats.bytes > 0
    assert cache.prune(1) == 0
    assert cache.prune(0) == 6
    assert cache.clear() == 0
    assert not cluster.indices.exists(index="vectors")


def test_letters_of_a_mapping_that_was_wrong_are_replayed(cluster: Elasticsearch) -> None:
    vectors = {"dense": {"type": "dense_vector"}, "sparse": {"type": "sparse_vector"}}
    mapping: dict[str, Any] = {"mappings": {"properties": {"year": {"type": "integer"}, **vectors}}}
    one = pipeline(cluster, index={"name": "strict", "mapping": mapping})
    records = [{**RECORDS[0], "year": 1850}, {**RECORDS[1], "year": "soon"}, {**RECORDS[2], "year": "late"}]
    report = one.ingest(records, dead_letters="bad.jsonl", settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (1, 2)
    cluster.index(index="strict", id="cat", document={"body": "by hand"})
    repair = [{"set": {"field": "year", "value": 1930}}]
    again = one.replay("bad.jsonl", repair=repair, in_place=True, settings=SETTINGS)
    assert (again.letters, again.indexed, again.superseded, again.inference.requests) == (2, 1, 1, 0)
    assert source(cluster, "dam", "strict")["year"] == 1930
    assert source(cluster, "cat", "strict") == {"body": "by hand"}
    assert (Path("bad.jsonl").read_bytes(), count(cluster, "strict")) == (b"", 3)
