"""A real Elasticsearch is told how long a search may take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from tests.pipeline.pipelines import RECORDS, SETTINGS, ids, pipeline, turn
from tests.real.node import RealNode

pytestmark = pytest.mark.real


@pytest.fixture
def cluster(real_node: RealNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elasticsearch]:
    """The real node, filled, with a pond in memory for inference."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    with connect(real_node.url, inference="embedded:pond") as client:
        pipeline(client).ingest(RECORDS, settings=SETTINGS)
        yield client
        client.indices.delete(index="things", ignore_unavailable=True)


def test_a_search_within_its_deadline_is_the_same_search(cluster: Elasticsearch) -> None:
    text = "wheel of a mill"
    for changes in ({}, {"search": {"query": {"match": {"body": "{{query}}"}}}}):
        searched = pipeline(cluster, **changes)
        without, within = searched.search(text), searched.search(text, deadline="60s")
        assert within["hits"] == without["hits"]
        assert within["timed_out"] is False
        assert "degraded" not in within


def test_the_first_stage_of_a_cluster_comes_back_when_the_reranker_sleeps(cluster: Elasticsearch) -> None:
    plain = pipeline(cluster, response_processors=[]).search("wheel of a mill")
    turn(cluster, "order", latency_ms=600_000)
    rerank = {"inference_id": "order", "field": "body", "deadline": "200ms"}
    answer = pipeline(cluster, response_processors=[{"rerank": rerank}]).search("wheel of a mill", deadline="60s")
    assert ids(answer) == ids(plain)
    assert answer["degraded"][0]["reason"] == "no answer of [order] within the deadline of 200ms"
