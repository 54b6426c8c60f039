"""An index of a real Elasticsearch as the source of a job: several shards, vectors, resuming, into a pond."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.pipeline.sources import SourceOptions, open_source
from headpond.pipeline.sources.cluster import read_place
from headpond.pipeline.sources.index import IndexSource
from tests.pipeline.pipelines import SETTINGS, count, pipeline
from tests.real.node import RealNode

pytestmark = pytest.mark.real

NUMBER = 600
MAPPING: dict[str, Any] = {"properties": {"v": {"type": "dense_vector", "dims": 3}, "body": {"type": "text"}}}


@pytest.fixture
def address(real_node: RealNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An index of three shards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    with Elasticsearch(real_node.url, request_timeout=120) as es:
        es.indices.delete(index="to-read", ignore_unavailable=True)
        es.indices.create(index="to-read", settings={"number_of_shards": 3}, mappings=MAPPING)
        operations: list[Any] = []
        for n in range(NUMBER):
            operations += [{"index": {"_id": f"d{n}"}}, {"n": n, "v": [1.0, 2.0, n], "body": f"text {n % 7}"}]
        assert not es.bulk(index="to-read", operations=operations, refresh=True)["errors"]
        yield f"{real_node.url}/to-read"
        es.indices.delete(index="to-read")


def test_every_document_comes_once_with_its_vector(address: str):
    items = list(IndexSource(read_place(address)[0], page=50, slices=4).items())
    assert sorted(item.document["n"] for item in items if item.document) == list(range(NUMBER))
    for item in items:
        assert item.document is not None
        # Elasticsearch keeps vectors of a cosine field normalised and multiplies them again: last digits differ.
        assert item.document["v"] == pytest.approx([1.0, 2.0, item.document["n"]], rel=1e-5)


def test_reading_goes_on_in_the_same_point_in_time(address: str):
    place = read_place(address)[0]
    items = IndexSource(place, page=50, slices=4).items()
    first = [next(items) for _ in range(333)]
    items.close()  # type: ignore[attr-defined]
    with Elasticsearch(str(place.url), request_timeout=120) as es:
        es.index(index="to-read", document={"n": -1}, refresh=True)
    position = json.loads(json.dumps(first[-1].position))
    rest = list(IndexSource(place, page=50, slices=4).items_after(first[-1].line, position))
    assert sorted(item.document["n"] for item in (*first, *rest) if item.document) == list(range(NUMBER))


def test_a_query_chooses(address: str):
    opened = open_source(address, SourceOptions(source_query={"range": {"n": {"lt": 10}}}))
    assert sorted(item.document["n"] for item in opened.items() if item.document) == list(range(10))


def test_a_cluster_is_copied_into_a_pond(address: str):
    with connect("memory") as es:
        report = pipeline(es).ingest(address, settings=SETTINGS)
        assert (report.read, report.indexed, report.dead_lettered) == (NUMBER, NUMBER, 0)
        assert count(es) == NUMBER
