"""The pipeline most tests start from, and how they look into the pond."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from headpond.pipeline import Pipeline
from headpond.pipeline.embedder import Pace
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from headpond.pipeline.retry import Retry

QUICK = Retry(attempts=4, base=0.01, longest=0.02)
SETTINGS = JobSettings(pace=Pace(retry=QUICK), retry=QUICK)

RECORDS: list[dict[str, Any]] = [
    {"_id": "mill", "title": "Mills", "body": "A river turns the wheel of a mill", "kind": "house"},
    {"_id": "dam", "title": "Dams", "body": "A dam holds the water of a river", "kind": "wall"},
    {"_id": "cat", "title": "Cats", "body": "A cat sleeps all day long", "kind": "animal"},
]


def fake(task_type: str, **settings: Any) -> dict[str, Any]:
    """The body of a fake endpoint."""
    return {"task_type": task_type, "service": "fake", "service_settings": settings}


def standard() -> dict[str, Any]:
    """A hybrid pipeline with a rerank, as a dict."""
    dense = {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}
    sparse = {"model_id": "sparse", "input_output": {"input_field": "body", "output_field": "sparse"}}
    builder = {"text_embedding": {"model_id": "dense", "model_text": "{{query}}"}}
    legs: list[dict[str, Any]] = [
        {"standard": {"query": {"match": {"body": "{{query}}"}}}},
        {"knn": {"field": "dense", "k": 10, "num_candidates": 20, "query_vector_builder": builder}},
        {"standard": {"query": {"sparse_vector": {"field": "sparse", "inference_id": "sparse", "query": "{{query}}"}}}},
    ]
    return {
        "endpoints": {
            "dense": fake("text_embedding", dimensions=16),
            "sparse": fake("sparse_embedding"),
            "order": fake("rerank"),
        },
        "index": {"name": "things"},
        "processors": [{"inference": dense}, {"inference": sparse}],
        "search": {"retriever": {"rrf": {"rank_window_size": 20, "retrievers": legs}}},
        "response_processors": [{"rerank": {"inference_id": "order", "field": "body", "deadline": "60s"}}],
    }


def pipeline(client: Elasticsearch, **changes: Any) -> Pipeline:
    """The standard pipeline with other sections."""
    return Pipeline(from_dict({**standard(), **changes}, name="standard"), client)


def source(client: Elasticsearch, id: str, index: str = "things") -> dict[str, Any]:
    """A document as it was indexed, vectors included."""
    answer = client.get(index=index, id=id, source_exclude_vectors=False)
    return dict(answer["_source"])


def ids(answer: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def count(client: Elasticsearch, index: str = "things") -> int:
    client.indices.refresh(index=index)
    return int(client.count(index=index)["count"])


def turn(client: Elasticsearch, inference_id: str, **knobs: Any) -> None:
    """Turns the fault knobs of a fake endpoint; those not given are off."""
    client.inference.update(inference_id=inference_id, inference_config={"service_settings": knobs})
