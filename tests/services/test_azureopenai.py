"""Addresses and keys of Azure's deployments; for tokens see `test_oauth2.py`."""

from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.inference.endpoint import Endpoint
from headpond.inference.task_type import TaskType
from headpond.services.azureopenai import AzureOpenAI
from tests.services.cases.azureopenai import embeddings
from tests.services.cases.openai import chat_answer
from tests.services.provider import Provider, Reply
from tests.services.streams import chat, user

NAMED = {"resource_name": "r", "deployment_id": "d/1", "api_version": "2024-10-21"}


def put(client: Elasticsearch, provider: Provider, task_type: str, **more: Any) -> dict[str, Any]:
    provider.always = embeddings if task_type == "text_embedding" else chat_answer
    settings = {"api_key": "hunter2", **NAMED, "url": provider.url, **more.pop("service_settings", {})}
    settings = {name: value for name, value in settings.items() if value is not None}
    config = {"service": "azureopenai", "service_settings": settings, **more}
    return dict(client.inference.put(task_type=task_type, inference_id="a", inference_config=config))


@pytest.mark.parametrize(
    ("task_type", "what"),
    [
        ("text_embedding", "embeddings"),
        ("completion", "chat/completions"),
        ("chat_completion", "chat/completions"),
    ],
)
def test_the_address_is_that_of_the_deployment(task_type: str, what: str) -> None:
    endpoint = Endpoint("a", TaskType(task_type), "azureopenai", NAMED)
    assert AzureOpenAI().url(endpoint) == (
        f"https://r.openai.azure.com/openai/deployments/d%2F1/{what}?api-version=2024-10-21"
    )


def test_embeddings(client: Elasticsearch, provider: Provider) -> None:
    stored = put(client, provider, "text_embedding")
    assert stored["service_settings"] == {
        **NAMED,
        "url": provider.url,
        "rate_limit": {"requests_per_minute": 1440},
        "dimensions": 3,
        "similarity": "dot_product",
    }
    assert list(stored["service_settings"])[:5] == [*NAMED, "url", "rate_limit"]
    client.inference.text_embedding(inference_id="a", input=["a", "bb"])
    asked = provider.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/openai/deployments/d%2F1/embeddings?api-version=2024-10-21")
    assert asked.json() == {"input": ["a", "bb"]}
    assert asked.headers["api-key"] == "hunter2"
    assert "authorization" not in asked.headers


def test_dimensions_user_headers_and_input_type_are_sent(client: Elasticsearch, provider: Provider) -> None:
    task_settings = {"user": "u", "headers": {"x-trace": "7"}}
    put(client, provider, "text_embedding", service_settings={"dimensions": 3}, task_settings=task_settings)
    client.inference.text_embedding(inference_id="a", input="a", input_type="search")
    asked = provider.asked[-1]
    assert asked.json() == {"input": ["a"], "dimensions": 3, "user": "u", "input_type": "search"}
    assert asked.headers["x-trace"] == "7"
    client.inference.text_embedding(inference_id="a", input="a", input_type="unspecified")
    assert "input_type" not in provider.asked[-1].json()


def test_completions(client: Elasticsearch, provider: Provider) -> None:
    stored = put(client, provider, "completion", task_settings={"user": "u"})
    assert stored["service_settings"]["rate_limit"] == {"requests_per_minute": 120}
    assert client.inference.completion(inference_id="a", input="one two").body == {
        "completion": [{"result": "one two"}]
    }
    asked = provider.asked[-1]
    assert asked.path == "/openai/deployments/d%2F1/chat/completions?api-version=2024-10-21"
    assert asked.json() == {
        "messages": [{"content": "one two", "role": "user"}],
        "n": 1,
        "user": "u",
        "stream": False,
    }


def test_a_chat_names_no_model(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "chat_completion")
    assert chat(client, "a", user("a"), model="other", max_completion_tokens=5)
    assert provider.asked[-1].json() == {
        "messages": [{"content": "a", "role": "user"}],
        "max_completion_tokens": 5,
        "n": 1,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_token_of_the_user_goes_in_the_other_header(client: Elasticsearch, provider: Provider) -> None:
    stored = put(client, provider, "text_embedding", service_settings={"api_key": None, "entra_id": "hunter2"})
    assert "hunter2" not in str(stored)
    asked = provider.asked[-1]
    assert asked.headers["authorization"] == "Bearer hunter2"
    assert "api-key" not in asked.headers


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"api_key": None}, "field set;"),
        ({"entra_id": "hunter2"}, "field set, received: [api_key, entra_id];"),
    ],
)
def test_there_is_exactly_one_secret(
    client: Elasticsearch, provider: Provider, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, provider, "text_embedding", service_settings=given)
    reason = "[service_settings] must have exactly one of [api_key], [entra_id], or [client_secret]"
    assert caught.value.body["error"]["reason"] == f"Validation Failed: 1: {reason} {problem}"


def test_all_missing_settings_are_named_together(client: Elasticsearch) -> None:
    config = {"service": "azureopenai", "service_settings": {}}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(task_type="completion", inference_id="a", inference_config=config)
    reason = caught.value.body["error"]["reason"]
    for number, name in enumerate(NAMED, 2):
        assert f"{number}: [service_settings] does not contain the required setting [{name}]" in reason


def test_a_key_does_not_become_a_token(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "text_embedding")
    with pytest.raises(BadRequestError) as caught:
        client.inference.update(inference_id="a", inference_config={"service_settings": {"entra_id": "other"}})
    assert caught.value.body["error"]["reason"] == (
        "The inference endpoint [a] has [api_key], which cannot become [entra_id]; make a new endpoint"
    )


def test_deployments_do_not_share_a_rate_limit() -> None:
    one = Endpoint("a", TaskType.COMPLETION, "azureopenai", NAMED)
    other = Endpoint("b", TaskType.COMPLETION, "azureopenai", {**NAMED, "deployment_id": "e"})
    assert AzureOpenAI().counted_by(one) != AzureOpenAI().counted_by(other)


def test_a_filter_that_refuses_is_told(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "completion")
    refusal = {"error": {"code": "content_filter", "message": "filtered", "status": 400, "param": "prompt"}}
    provider.always = lambda asked: Reply(400, refusal)
    with pytest.raises(BadRequestError, match=r"status \[400\]. Error message: \[filtered\]"):
        client.inference.completion(inference_id="a", input="a")


def test_a_rate_limit_says_what_is_left(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "completion")
    headers = {"retry-after": "60", "x-ratelimit-remaining-tokens": "5"}
    provider.then(Reply(429, {"error": {"message": "slow down"}}, headers))
    with pytest.raises(ApiError) as caught:
        client.inference.completion(inference_id="a", input="one two", timeout="10s")
    assert caught.value.meta.status == 429
    assert caught.value.body["error"]["reason"] == (
        "Received a rate limit status code. Remaining tokens [5]. Remaining requests [unknown]. for request from"
        " inference entity id [a] status [429]. Error message: [slow down]"
    )
