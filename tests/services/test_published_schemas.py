"""What the pond sends to providers and answers to callers fits what the vendors publish."""

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.services.conftest import cohere_answer, openai_embeddings
from tests.services.provider import Provider
from tests.services.published import answered, document, misfits, needs_schemas, sent

pytestmark = needs_schemas

WRONG = [
    ("text_embedding", {"text_embedding": [{"embedding": [{}]}]}),
    ("rerank", {"rerank": [{"index": "0", "relevance_score": 1}]}),
    ("sparse_embedding", {"sparse_embedding": [{"port": 2.1}]}),
]


def check(name: str, schema: Any, value: Any) -> None:
    assert misfits(document(name), schema, value) == []


def put(client: Elasticsearch, name: str, task_type: str, service: str = "fake", **service_settings: Any) -> Any:
    config = {"service": service, "service_settings": service_settings}
    return client.inference.put(inference_id=name, task_type=task_type, inference_config=config).body


@pytest.mark.parametrize(("task_type", "wrong"), WRONG)
def test_the_check_finds_what_is_wrong(task_type: str, wrong: dict[str, Any]) -> None:
    schema = answered("elasticsearch", f"/_inference/{task_type}/{{inference_id}}")
    assert misfits(document("elasticsearch"), schema, wrong)


@pytest.mark.parametrize(
    ("task_type", "options"),
    [("text_embedding", {}), ("sparse_embedding", {}), ("rerank", {"query": "a", "return_documents": True})],
)
def test_results_fit_elasticsearchs_schema(client: Elasticsearch, task_type: str, options: dict[str, Any]) -> None:
    put(client, "x", task_type)
    answer = getattr(client.inference, task_type)(inference_id="x", input=["a b", "c"], **options).body
    check("elasticsearch", answered("elasticsearch", f"/_inference/{task_type}/{{inference_id}}"), answer)
    check("elasticsearch", answered("elasticsearch", "/_inference/{task_type}/{inference_id}"), answer)


@pytest.mark.parametrize("kind", ["byte", "bit"])
def test_bytes_and_bits_fit_elasticsearchs_schema(client: Elasticsearch, cohere: Provider, kind: str) -> None:
    put(client, "x", "text_embedding", "cohere", api_key="k", model_id="m", url=cohere.url, embedding_type=kind)
    answer = client.inference.text_embedding(inference_id="x", input="a").body
    check("elasticsearch", answered("elasticsearch", "/_inference/text_embedding/{inference_id}"), answer)


def test_endpoints_fit_elasticsearchs_schema(client: Elasticsearch, openai: Provider) -> None:
    stored = put(client, "x", "text_embedding", "openai", api_key="k", model_id="m", url=openai.url)
    check("elasticsearch", answered("elasticsearch", "/_inference/{task_type}/{openai_inference_id}", "put"), stored)
    check("elasticsearch", answered("elasticsearch", "/_inference/{task_type}/{inference_id}", "put"), stored)
    listed = client.inference.get().body
    assert len(listed["endpoints"]) == 4
    check("elasticsearch", answered("elasticsearch", "/_inference", "get"), listed)
    updated = client.inference.update(
        inference_id="x", inference_config={"service_settings": {"api_key": "other"}}
    ).body
    check("elasticsearch", answered("elasticsearch", "/_inference/{inference_id}/_update", "put"), updated)


@pytest.mark.parametrize("options", [{}, {"dry_run": True}])
def test_deletions_fit_elasticsearchs_schema(client: Elasticsearch, options: dict[str, bool]) -> None:
    put(client, "x", "rerank")
    answer = client.inference.delete(inference_id="x", **options).body
    check("elasticsearch", answered("elasticsearch", "/_inference/{inference_id}", "delete"), answer)


def test_what_goes_to_openai_fits_openais_schema(client: Elasticsearch, openai: Provider) -> None:
    put(client, "x", "text_embedding", "openai", api_key="k", model_id="m", url=openai.url, dimensions=3)
    client.inference.text_embedding(inference_id="x", input=["a", "b"], task_settings={"user": "u"})
    for asked in openai.asked:
        check("openai", sent("openai", "/embeddings"), asked.json())
        check("openai", answered("openai", "/embeddings"), openai_embeddings(asked).body)


def test_what_goes_to_cohere_fits_coheres_schema(client: Elasticsearch, cohere: Provider) -> None:
    settings = {"api_key": "k", "model_id": "m", "url": cohere.url}
    put(client, "e", "text_embedding", "cohere", **settings)
    put(client, "r", "rerank", "cohere", **settings)
    client.inference.text_embedding(
        inference_id="e", input=["a"] * 97, input_type="ingest", task_settings={"truncate": "start"}
    )
    client.inference.rerank(inference_id="r", query="q", input=["a", "b"], top_n=1)
    for asked in cohere.asked:
        check("cohere", sent("cohere", asked.path), asked.json())
        check("cohere", answered("cohere", asked.path), cohere_answer(asked).body)
