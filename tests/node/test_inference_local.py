"""The services `elasticsearch` and `elser`, and the built-in endpoints."""

from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from headpond import connect

ALLOCATIONS = {"num_allocations": 1, "num_threads": 1}


@pytest.fixture
def no_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without models that no model can be fetched to."""
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PATH", "/nonexistent")


def put(client: Elasticsearch, task_type: str, *, service: str = "elasticsearch", **service_settings: Any) -> Any:
    settings = {**ALLOCATIONS, **service_settings}
    config = {"service": service, "service_settings": {k: v for k, v in settings.items() if v is not None}}
    return client.inference.put(inference_id="m", task_type=task_type, inference_config=config, timeout="5m").body


def reason(caught: Any) -> str:
    text: str = caught.value.body["error"]["reason"]
    return text


@pytest.mark.parametrize(
    ("name", "wanted", "task_type"),
    [
        (".elser-2-elasticsearch", ".elser_model_2", "sparse_embedding"),
        (".multilingual-e5-small-elasticsearch", ".multilingual-e5-small", "text_embedding"),
        (".rerank-v1-elasticsearch", ".rerank-v1", "rerank"),
    ],
)
def test_a_stand_in_is_never_passed_off_as_the_model_it_stands_in_for(
    client: Elasticsearch, name: str, wanted: str, task_type: str
) -> None:
    (shown,) = client.inference.get(inference_id=name)["endpoints"]
    assert shown["task_type"] == task_type
    assert shown["service"] == "elasticsearch"
    assert shown["headpond"]["stands_in_for"] == wanted
    assert shown["service_settings"]["model_id"] == shown["headpond"]["serves"] != wanted
    assert shown["service_settings"]["adaptive_allocations"] == {
        "enabled": True,
        "min_number_of_allocations": 0,
        "max_number_of_allocations": 32,
    }


def test_a_rerank_without_a_cross_encoder_says_so(client: Elasticsearch) -> None:
    (shown,) = client.inference.get(inference_id=".rerank-v1-elasticsearch")["endpoints"]
    assert shown["headpond"]["method"] in ("late_interaction", "cross_encoder")
    assert shown["task_settings"] == {"return_documents": True}
    assert "chunking_settings" not in shown


@pytest.mark.parametrize(
    ("service_settings", "problem"),
    [
        (
            {"num_allocations": None},
            "[service_settings] does not contain one of the required settings [num_allocations, adaptive_allocations]",
        ),
        ({"num_threads": None}, "[service_settings] does not contain the required setting [num_threads]"),
        (
            {"num_allocations": 0},
            "[service_settings] Invalid value [0]. [num_allocations] must be a positive integer",
        ),
        ({"num_threads": 3}, "[threads_per_allocation] must be a power of 2 less than or equal to 32"),
        (
            {"adaptive_allocations": {"min_number_of_allocations": 3, "max_number_of_allocations": 2}},
            "[min_number_of_allocations] must not be larger than [max_number_of_allocations]",
        ),
        (
            {"adaptive_allocations": {"max_number_of_allocations": 0}},
            "[max_number_of_allocations] must be a positive integer or null",
        ),
        ({"adaptive_allocations": {"foo": 1}}, "[adaptive_allocations] does not allow the setting [foo]"),
    ],
)
def test_wrong_allocations_are_refused(client: Elasticsearch, service_settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, "sparse_embedding", model_id=".elser_model_2", **service_settings)
    assert reason(caught) == f"Validation Failed: 1: {problem};"


def test_a_model_is_required(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, "text_embedding")
    assert reason(caught) == "Error parsing service settings, model_id must be provided"


def test_an_unknown_model_is_refused_and_the_nearest_is_named(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, "text_embedding", model_id="all-minilm-l6-v3")
    assert reason(caught) == (
        "Error parsing request config, model id does not match any models available on this platform. Was"
        " [all-minilm-l6-v3]. You may need to load it into the cluster using eland."
    )
    assert "did you mean 'all-minilm-l6-v2'" in caught.value.body["error"]["caused_by"]["reason"]


@pytest.mark.parametrize("model_id", ["all-minilm-l6-v2", ".multilingual-e5-small"])
def test_a_model_of_another_task_is_refused(client: Elasticsearch, model_id: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, "sparse_embedding", model_id=model_id)
    assert reason(caught) == (
        f"Deployed model [{model_id}] with type [text_embedding] does not match the requested task type"
        " [sparse_embedding]"
    )


def test_a_model_that_cannot_be_had_is_answered_with_the_command(client: Elasticsearch, no_sources: None) -> None:
    with pytest.raises(NotFoundError) as caught:
        put(client, "text_embedding", model_id="all-minilm-l6-v2")
    assert "headpond models pull all-minilm-l6-v2" in reason(caught)
    with pytest.raises(NotFoundError) as caught:
        client.inference.sparse_embedding(inference_id=".elser-2-elasticsearch", input="a", timeout="60s")
    assert "headpond models pull splade-tiny" in reason(caught)


def test_a_damaged_model_store_does_not_hide_the_endpoints(
    client: Elasticsearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tmp_path / "models" / "by-name" / "broken" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text("{}")
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path))
    endpoints = client.inference.get()["endpoints"]
    assert ["is not a model of the store" in endpoint["headpond"]["problem"] for endpoint in endpoints] == [True] * 3
    with pytest.raises(ApiError, match="is not a model of the store"):
        client.inference.sparse_embedding(inference_id=".elser-2-elasticsearch", input="a")


def test_the_elser_service_does_sparse_embeddings_only(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, "rerank", service="elser")
    assert reason(caught) == "The [elser] service does not support task type [rerank]"


@pytest.mark.models
def test_the_built_in_endpoints_answer_from_local_models(client: Elasticsearch) -> None:
    sparse = client.inference.sparse_embedding(
        inference_id=".elser-2-elasticsearch", input=["how do vaccines work", "v1.2..."], timeout="5m"
    )["sparse_embedding"]
    assert "vaccine" in sparse[0]["embedding"]
    assert not any("." in token for item in sparse for token in item["embedding"])
    dense = client.inference.text_embedding(
        inference_id=".multilingual-e5-small-elasticsearch", input=["a cat", "a kitten", "tax law"], timeout="5m"
    )
    cat, kitten, law = (item["embedding"] for item in dense["text_embedding"])
    (shown,) = client.inference.get(inference_id=".multilingual-e5-small-elasticsearch")["endpoints"]
    assert shown["service_settings"]["dimensions"] == len(cat)
    assert sum(map(float.__mul__, cat, kitten)) > sum(map(float.__mul__, cat, law)) + 0.2
    assert int(dense.meta.headers["x-headpond-tokens"]) > 6
    ranked = client.inference.rerank(
        inference_id=".rerank-v1-elasticsearch",
        query="how do vaccines work",
        input=["cars for sale", "the immune system learns"],
        top_n=1,
        timeout="5m",
    )["rerank"]
    assert [(item["index"], item["text"]) for item in ranked] == [(1, "the immune system learns")]


@pytest.mark.models
def test_a_named_model_is_served_under_its_name(client: Elasticsearch) -> None:
    shown = put(client, "text_embedding", model_id="all-minilm-l6-v2")
    assert shown["service_settings"] == {
        "num_allocations": 1,
        "num_threads": 1,
        "model_id": "all-minilm-l6-v2",
        "similarity": "cosine",
        "dimensions": 384,
        "element_type": "float",
    }
    assert shown["headpond"].keys() == {"serves", "method", "weights"}
    updated = client.inference.update(inference_id="m", inference_config={"service_settings": {"num_allocations": 2}})
    assert updated["service_settings"]["num_allocations"] == 2
    assert updated["headpond"] == shown["headpond"]


@pytest.mark.models
def test_the_elser_service_is_stored_as_elasticsearch(client: Elasticsearch) -> None:
    shown = put(client, "sparse_embedding", service="elser")
    assert shown["service"] == "elasticsearch"
    assert shown["headpond"]["stands_in_for"] == ".elser_model_2"
    assert shown["service_settings"]["model_id"] == shown["headpond"]["serves"]


@pytest.mark.models
def test_a_built_in_endpoint_keeps_the_model_it_was_first_served_by(tmp_path: Path) -> None:
    name = ".elser-2-elasticsearch"
    with connect(f"embedded:{tmp_path}") as client:
        client.inference.sparse_embedding(inference_id=name, input="a", timeout="5m")
        (shown,) = client.inference.get(inference_id=name)["endpoints"]
    with connect(f"embedded:{tmp_path}") as client:
        assert client.inference.get(inference_id=name)["endpoints"] == [shown]
