"""Requests as older editions of Elasticsearch's documentation show them, answered in today's shapes.

The pages of 8.11 and 8.12 have an id alone in the path, those of 8.17 and 8.18 a task type before it. Both show answers
that no server gives any more: sparse vectors without a member around their tokens, scores and indexes as texts.
"""

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from tests.services.conftest import cohere_answer, openai_embeddings
from tests.services.provider import Provider

SKY = "The sky above the port was the color of television tuned to a dead channel."


def post(client: Elasticsearch, path: str, body: object) -> object:
    """As the pages write it: a console line and a body."""
    headers = {"accept": "application/json", "content-type": "application/json"}
    return client.perform_request("POST", f"/{path}", headers=headers, body=body).body


def put(client: Elasticsearch, path: str, service: str, **settings: object) -> None:
    client.perform_request(
        "PUT",
        f"/{path}",
        headers={"accept": "application/json", "content-type": "application/json"},
        body={"service": service, "service_settings": settings, "task_settings": {}},
    )


@pytest.mark.parametrize("path", ["_inference/my-elser-model", "_inference/sparse_embedding/my-elser-model"])
def test_a_sparse_embedding(client: Elasticsearch, path: str) -> None:
    put(client, "_inference/sparse_embedding/my-elser-model", "fake")
    answer = post(client, path, {"input": SKY})
    assert isinstance(answer, dict)
    (vector,) = answer.pop("sparse_embedding")
    assert not answer
    assert set(vector) == {"is_truncated", "embedding"}
    assert vector["is_truncated"] is False
    assert {"port", "sky", "television"} <= set(vector["embedding"])
    assert all(isinstance(weight, float) for weight in vector["embedding"].values())
    assert post(client, path, {"input": [SKY]}) == {"sparse_embedding": [vector]}


def test_a_dense_embedding_with_the_input_type_among_the_task_settings(
    client: Elasticsearch, provider: Provider
) -> None:
    provider.always = cohere_answer
    put(client, "_inference/text_embedding/my-cohere-endpoint", "cohere", api_key="k", model_id="m", url=provider.url)
    older = {"input": SKY, "task_settings": {"input_type": "ingest"}}
    answer = post(client, "_inference/text_embedding/my-cohere-endpoint", older)
    assert answer == {"text_embedding": [{"embedding": [float(len(SKY)), 1.0, 0.5]}]}
    assert provider.asked[-1].json()["input_type"] == "search_document"
    assert post(client, "_inference/my-cohere-endpoint", {"input": SKY, "input_type": "ingest"}) == answer
    assert provider.asked[-1].body == provider.asked[-2].body


def test_a_dense_embedding_of_openai_with_dimensions_nobody_gave(client: Elasticsearch, provider: Provider) -> None:
    provider.always = openai_embeddings
    put(client, "_inference/text_embedding/openai_embeddings", "openai", api_key="k", model_id="m", url=provider.url)
    answer = post(client, "_inference/openai_embeddings", {"input": [SKY, "a"]})
    assert answer == {"text_embedding": [{"embedding": [float(len(text)), 1.0, 0.5]} for text in (SKY, "a")]}


def test_a_ranking_has_numbers(client: Elasticsearch, provider: Provider) -> None:
    provider.always = cohere_answer
    put(client, "_inference/rerank/cohere_rerank", "cohere", api_key="k", model_id="m", url=provider.url)
    names = ["luke", "like", "leia", "chewy", "r2d2", "star", "wars"]
    asked = {"input": names, "query": "star wars main character"}
    answer = post(client, "_inference/rerank/cohere_rerank", asked)
    assert isinstance(answer, dict)
    assert [set(item) for item in answer["rerank"]] == [{"index", "relevance_score"}] * len(names)
    assert [type(item["index"]) for item in answer["rerank"]] == [int] * len(names)
    assert [type(item["relevance_score"]) for item in answer["rerank"]] == [float] * len(names)
    scores = [item["relevance_score"] for item in answer["rerank"]]
    assert scores == sorted(scores, reverse=True)
    wanted = post(client, "_inference/cohere_rerank", {**asked, "task_settings": {"return_documents": True}})
    assert isinstance(wanted, dict)
    assert [item["text"] for item in wanted["rerank"]] == [names[item["index"]] for item in answer["rerank"]]


def test_small_scores_keep_the_digits_that_float32_has(client: Elasticsearch, provider: Provider) -> None:
    """The pages show `"5.614787E-4"`; Java's notation is JSON's, Python's digits are the same."""
    provider.always = cohere_answer
    put(client, "_inference/rerank/cohere_rerank", "cohere", api_key="k", model_id="m", url=provider.url)
    answer = post(client, "_inference/rerank/cohere_rerank", {"input": ["a"] * 12, "query": "q"})
    assert isinstance(answer, dict)
    for place, item in enumerate(answer["rerank"], 1):
        assert item["relevance_score"] == float(str(np.float32(0.5**place)))


@pytest.mark.parametrize(
    "path", ["_inference/openai_chat_completions", "_inference/completion/openai_chat_completions"]
)
def test_a_completion(client: Elasticsearch, path: str) -> None:
    put(client, "_inference/completion/openai_chat_completions", "fake")
    assert post(client, path, {"input": "What is Elastic?"}) == {"completion": [{"result": "What is Elastic?"}]}


def test_an_empty_object_of_task_settings_is_not_shown(client: Elasticsearch) -> None:
    put(client, "_inference/sparse_embedding/my-elser-model", "fake")
    (endpoint,) = client.inference.get(inference_id="my-elser-model")["endpoints"]
    assert list(endpoint) == ["inference_id", "task_type", "service", "service_settings", "chunking_settings"]
