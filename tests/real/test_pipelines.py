"""Pipelines on a real Elasticsearch, with the pond beside it answering `_inference`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.pipeline import Pipeline
from headpond.pipeline.load import from_dict, load
from headpond.pipeline.mapping_difference import compare
from headpond.testing.compare import differences
from tests.pipeline.test_mapping_difference import RICH
from tests.real.node import RealNode

pytestmark = pytest.mark.real

PIPELINES = sorted((Path(__file__).parents[2] / "pipelines").glob("*.yaml"))
QUESTIONS = ("split a string by a pattern", "decode json", "make a path absolute", "signature of a function")


@pytest.fixture
def cluster(real_node: RealNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elasticsearch]:
    """The real node with a pond in process for inference."""
    monkeypatch.chdir(tmp_path)
    with connect(real_node.url, inference="embedded") as client:
        yield client


@pytest.mark.parametrize("path", PIPELINES, ids=[path.stem for path in PIPELINES])
def test_a_shipped_pipeline_passes_its_own_tests_on_elasticsearch(path: Path, cluster: Elasticsearch):
    results = Pipeline(load(path), cluster).test()
    assert results
    assert [(one.name, one.failures) for one in results if not one.passed] == []


def test_an_index_made_from_a_mapping_does_not_differ_from_it(cluster: Elasticsearch):
    cluster.indices.create(index="rich", mappings=RICH)
    difference = compare(RICH, cluster.indices.get_mapping(index="rich")["rich"]["mappings"])
    cluster.indices.delete(index="rich")
    assert (difference.added, difference.conflicts, difference.parameters) == ([], [], [])


def test_an_index_is_completed_on_elasticsearch(cluster: Elasticsearch):
    here = {"body": {"type": "text", "analyzer": "english"}, "parts": {"type": "nested", "include_in_parent": True}}
    cluster.indices.create(index="incomplete", mappings={"dynamic": "strict", "properties": here})
    multi = {"type": "text", "analyzer": "english", "fields": {"raw": {"type": "keyword"}}}
    parts = {"type": "nested", "include_in_parent": True, "properties": {"price": {"type": "float"}}}
    wanted = {"mappings": {"properties": {"body": multi, "parts": parts, "dense": {"type": "dense_vector"}}}}
    model = {"model_id": "e", "input_output": {"input_field": "body", "output_field": "dense"}}
    data = {
        "endpoints": {"e": {"task_type": "text_embedding", "service": "fake", "service_settings": {"dimensions": 8}}},
        "index": {"name": "incomplete", "mapping": wanted},
        "processors": [{"inference": model}],
    }
    pipeline = Pipeline(from_dict(data), cluster)
    try:
        pipeline.apply()
        made = cluster.indices.get_mapping(index="incomplete")["incomplete"]["mappings"]
        assert compare(wanted["mappings"], made).added == []
        assert made["properties"]["dense"]["dims"] == 8
        assert pipeline.ingest([{"_id": "1", "body": "a mill"}]).indexed == 1
    finally:
        cluster.indices.delete(index="incomplete")


def records() -> list[dict[str, Any]]:
    """The documented functions of a few modules of the standard library."""
    return [
        {"_id": f"{module.__name__}.{name}", "title": name, "body": inspect.getdoc(thing) or ""}
        for module in (json, re, inspect, __import__("pathlib"), __import__("textwrap"))
        for name, thing in sorted(vars(module).items())
        if callable(thing) and not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
    ]


def quickstart(client: Elasticsearch, index: str) -> Pipeline:
    """The quickstart with fake endpoints, and vectors that are compared exactly."""
    data = yaml.safe_load((PIPELINES[0].parent / "quickstart.yaml").read_text())
    for name, body in data["endpoints"].items():
        data["endpoints"][name] = {"task_type": body["task_type"], "service": "fake", "service_settings": {}}
    text = {"type": "text", "analyzer": "english"}
    vector = {"type": "dense_vector", "index_options": {"type": "flat"}}
    properties = {"title": text, "body": text, "dense": vector, "sparse": {"type": "sparse_vector"}}
    data["index"] = {"name": index, "mapping": {"mappings": {"properties": properties}}}
    return Pipeline(from_dict(data, name="quickstart"), client)


def test_the_quickstart_ranks_on_elasticsearch_as_on_the_pond(cluster: Elasticsearch):
    index = "quickstart-parity"
    with connect("memory") as client:
        on_the_pond, on_elasticsearch = quickstart(client, index), quickstart(cluster, index)
        try:
            given = records()
            for pipeline in (on_the_pond, on_elasticsearch):
                report = pipeline.ingest(given)
                assert (report.read, report.indexed) == (len(given), len(given))
            for question in QUESTIONS:
                expected = on_elasticsearch.search(question, size=10)["hits"]
                assert len(expected["hits"]) == 10
                assert differences(dict(on_the_pond.search(question, size=10)["hits"]), dict(expected)) == []
        finally:
            cluster.indices.delete(index=index, ignore_unavailable=True)
