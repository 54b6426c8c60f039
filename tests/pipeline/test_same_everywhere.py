"""One pipeline file, three targets: the pond, a real node with a basic licence, and that node behind `serve --hook`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond.hook import names, specification
from headpond.hooked.app import wrapper
from headpond.node import Node
from headpond.node.serve import serving
from tests.real.node import RealNode

pytestmark = pytest.mark.real

FILE = """\
endpoints:
  same-dense: {task_type: text_embedding, service: fake, service_settings: {dimensions: 16}}
  same-ranker: {task_type: rerank, service: fake, service_settings: {}}
index:
  name: same
  mapping:
    settings: {number_of_shards: 1, number_of_replicas: 0}
    mappings:
      properties:
        title: {type: text}
        body: {type: text}
        kind: {type: keyword}
        dense: {type: dense_vector, similarity: cosine, index_options: {type: flat}}
processors:
  - inference: {model_id: same-dense, input_output: {input_field: body, output_field: dense}}
search:
  retriever:
    rrf:
      rank_window_size: 20
      rank_constant: 20
      retrievers:
        - standard: {query: {multi_match: {query: "{{query}}", fields: [title, body]}}}
        - knn:
            field: dense
            k: 20
            num_candidates: 20
            query_vector_builder: {text_embedding: {model_id: same-dense, model_text: "{{query}}"}}
response_processors:
  - rerank: {inference_id: same-ranker, field: body, window: 20, weight: 0.7, deadline: 60s}
"""
QUERIES = ("river mill", "the dam of a lake", "cats sleep", "what turns a wheel", "nothing of this")
WORDS = ("river", "mill", "wheel", "dam", "lake", "cat", "sleeps", "bread", "salt", "stone", "turns", "water")


def records() -> list[dict[str, Any]]:
    """Texts that share words in many ways."""
    found = []
    for number in range(40):
        words = [WORDS[(number * step + step) % len(WORDS)] for step in range(1, 4 + number % 5)]
        found.append({"_id": f"r{number}", "title": words[0], "body": " ".join(words), "kind": "ab"[number % 2]})
    return found


def body(text: str) -> dict[str, Any]:
    """What any client sends that writes the file's search itself."""
    builder = {"text_embedding": {"model_id": "same-dense", "model_text": text}}
    legs = [
        {"standard": {"query": {"multi_match": {"query": text, "fields": ["title", "body"]}}}},
        {"knn": {"field": "dense", "k": 20, "num_candidates": 20, "query_vector_builder": builder}},
    ]
    return {"retriever": {"rrf": {"rank_window_size": 20, "rank_constant": 20, "retrievers": legs}}, "size": 10}


def seen(answer: Any) -> list[tuple[str, float, int, float]]:
    """The ids, scores and what was before the rerank, with as many digits as 32-bit numbers have."""
    assert "degraded" not in answer
    return [
        (
            hit["_id"],
            round(hit["_score"], 5),
            hit["_headpond"]["rank_before"],
            round(hit["_headpond"]["score_before"], 5),
        )
        for hit in answer["hits"]["hits"]
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "same.yaml"
    file.write_text(FILE)
    return file


def ingest(file: Path, client: Elasticsearch) -> None:
    pipeline = headpond.load(file, client=client)
    pipeline.apply()
    report = pipeline.ingest(records())
    assert report.indexed == 40
    client.indices.refresh(index="same")


@pytest.fixture
def pond(file: Path) -> Iterator[Elasticsearch]:
    with headpond.connect("memory") as client:
        ingest(file, client)
        yield client


@pytest.fixture
def real(file: Path, real_node: RealNode) -> Iterator[Elasticsearch]:
    with headpond.connect(real_node.url, inference="embedded", request_timeout=120) as client:
        client.indices.delete(index="same", ignore_unavailable=True)
        ingest(file, client)
        yield client
        client.indices.delete(index="same")


def test_the_same_file_finds_the_same_everywhere(
    file: Path, pond: Elasticsearch, real: Elasticsearch, real_node: RealNode
) -> None:
    spec = specification(file)
    node = Node(None)
    with (
        serving(node, upstream=real_node.url, wrap=wrapper([(spec, names(spec, None))])) as url,
        Elasticsearch(url, request_timeout=120) as front,
        httpx.Client(base_url=url, timeout=120) as http,
    ):
        on_pond, on_real = (headpond.load(file, client=client) for client in (pond, real))
        hooked_pond, hooked_real = (headpond.hook(client, file) for client in (pond, real))
        lines = [line for text in QUERIES for line in ({"index": "same"}, body(text))]
        in_one = front.msearch(searches=lines)["responses"]
        for text, together in zip(QUERIES, in_one, strict=True):
            wanted = seen(on_pond.search(text))
            assert len(wanted) == 10
            assert seen(on_real.search(text)) == wanted
            assert seen(hooked_pond.search(index="same", body=body(text))) == wanted
            assert seen(hooked_real.search(index="same", body=body(text))) == wanted
            assert seen(front.search(index="same", body=body(text))) == wanted
            assert seen(http.post("/same/_search", json=body(text)).json()) == wanted
            assert seen(together) == wanted
    node.close()


def test_pages_are_the_same_everywhere(file: Path, pond: Elasticsearch, real: Elasticsearch) -> None:
    for client in (pond, real):
        hooked = headpond.hook(client, file)
        asked = body("river mill")
        whole = seen(hooked.search(index="same", body={**asked, "size": 12}))
        pages = [seen(hooked.search(index="same", body={**asked, "from": first, "size": 4})) for first in (0, 4, 8)]
        assert [hit for page in pages for hit in page] == whole
