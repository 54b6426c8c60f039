import json
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.azureaistudio import answer
from tests.services.provider import Provider, Reply
from tests.services.streams import stream


@pytest.fixture
def azure(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(
    client: Elasticsearch,
    azure: Provider,
    task_type: str = "text_embedding",
    provider: str = "openai",
    endpoint_type: str = "token",
    **options: Any,
) -> dict[str, Any]:
    settings = {
        "api_key": "hunter2",
        "target": azure.url,
        "provider": provider,
        "endpoint_type": endpoint_type,
        **options.pop("service_settings", {}),
    }
    return client.inference.put_azureaistudio(
        task_type=task_type,
        azureaistudio_inference_id="a",
        service="azureaistudio",
        service_settings=settings,
        **options,
    ).body


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, azure: Provider) -> None:
    stored = put(client, azure, provider="Cohere", endpoint_type="TOKEN", service_settings={"max_input_tokens": 9})
    assert list(stored["service_settings"].items()) == [
        ("target", azure.url),
        ("provider", "cohere"),
        ("endpoint_type", "token"),
        ("rate_limit", {"requests_per_minute": 240}),
        ("dimensions", 3),
        ("max_input_tokens", 9),
        ("similarity", "dot_product"),
    ]
    assert "task_settings" not in stored


@pytest.mark.parametrize(
    ("whose", "endpoint_type", "path", "header"),
    [
        ("openai", "token", "/x", ("api-key", "hunter2")),
        ("cohere", "token", "/x/v1/chat/completions", ("authorization", "hunter2")),
        ("meta", "token", "/x/v1/chat/completions", ("authorization", "hunter2")),
        ("meta", "realtime", "/x", ("authorization", "Bearer hunter2")),
        ("mistral", "realtime", "/x", ("authorization", "Bearer hunter2")),
        ("microsoft_phi", "realtime", "/x", ("authorization", "Bearer hunter2")),
        ("databricks", "realtime", "/x", ("authorization", "Bearer hunter2")),
    ],
)
def test_address_and_key_go_by_provider_and_kind_of_endpoint(
    client: Elasticsearch, azure: Provider, whose: str, endpoint_type: str, path: str, header: tuple[str, str]
) -> None:
    put(client, azure, "completion", whose, endpoint_type, service_settings={"target": f"{azure.url}/x"})
    asked = azure.asked[-1]
    assert (asked.method, asked.path) == ("POST", path)
    assert {name: value for name, value in asked.headers.items() if "hunter2" in value} == dict([header])


@pytest.mark.parametrize(
    ("task_type", "whose", "endpoint_type", "reason"),
    [
        ("text_embedding", "meta", "token", "The [text_embedding] task type for provider [meta] is not available"),
        ("rerank", "openai", "token", "The [rerank] task type for provider [openai] is not available"),
        (
            "text_embedding",
            "cohere",
            "realtime",
            "The [realtime] endpoint type with [text_embedding] task type for provider [cohere] is not available",
        ),
        (
            "rerank",
            "cohere",
            "realtime",
            "The [realtime] endpoint type with [rerank] task type for provider [cohere] is not available",
        ),
        (
            "completion",
            "mistral",
            "token",
            "The [token] endpoint type with [completion] task type for provider [mistral] is not available",
        ),
        (
            "completion",
            "openai",
            "realtime",
            "The [realtime] endpoint type with [completion] task type for provider [openai] is not available",
        ),
    ],
)
def test_what_a_provider_does_not_do_is_refused(
    client: Elasticsearch, azure: Provider, task_type: str, whose: str, endpoint_type: str, reason: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, azure, task_type, whose, endpoint_type)
    assert caught.value.body["error"]["reason"] == reason
    assert not azure.asked


def test_the_embeddings_request(client: Elasticsearch, azure: Provider) -> None:
    put(client, azure, provider="cohere", service_settings={"dimensions": 3}, task_settings={"user": "u"})
    answer = client.inference.text_embedding(inference_id="a", input=["a", "bb"], input_type="search")
    assert azure.asked[-1].path == "/v1/embeddings"
    assert azure.asked[-1].json() == {"input": ["a", "bb"], "user": "u", "dimensions": 3, "input_type": "query"}
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert answer.meta.headers["x-headpond-tokens"] == "3"
    client.inference.text_embedding(inference_id="a", input="a", task_settings={"user": "v"})
    assert azure.asked[-1].json() == {"input": ["a"], "user": "v", "dimensions": 3}
    with pytest.raises(BadRequestError, match=r"Input type \[clustering\] is not supported for \[Azure AI Studio\]"):
        client.inference.text_embedding(inference_id="a", input="a", input_type="clustering")


def test_coheres_models_take_96_texts_at_once(client: Elasticsearch, azure: Provider) -> None:
    put(client, azure, provider="cohere")
    client.inference.text_embedding(inference_id="a", input=["a"] * 100)
    assert [len(asked.json()["input"]) for asked in azure.asked[1:]] == [96, 4]


def test_completions_by_the_token_are_openais_with_parameters(client: Elasticsearch, azure: Provider) -> None:
    stored = put(client, azure, "completion", "meta", task_settings={"temperature": 0.5, "do_sample": True})
    assert list(stored["task_settings"].items()) == [
        ("temperature", 0.5),
        ("do_sample", True),
        ("max_new_tokens", 64),
    ]
    answer = client.inference.completion(inference_id="a", input="one two", task_settings={"top_p": 1})
    assert answer.body == {"completion": [{"result": "one two"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "5"
    messages = [{"content": "one two", "role": "user"}]
    wanted = {"temperature": 0.5, "top_p": 1.0, "do_sample": True, "max_new_tokens": 64}
    assert azure.asked[-1].json() == {"messages": messages, "parameters": wanted}
    text = stream(client, "completion/a", {"input": "one two"})
    assert azure.asked[-1].json()["stream"] is True
    deltas = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    assert [piece["delta"] for event in deltas for piece in event["completion"]] == ["one", " two"]


def test_realtime_completions_have_a_format_of_their_own(client: Elasticsearch, azure: Provider) -> None:
    put(client, azure, "completion", "mistral", "realtime", task_settings={"max_new_tokens": 7})
    answer = client.inference.completion(inference_id="a", input="one two")
    assert answer.body == {"completion": [{"result": "one two"}]}
    messages = [{"content": "one two", "role": "user"}]
    asked = {"input_data": {"input_string": messages, "parameters": {"max_new_tokens": 7}}}
    assert azure.asked[-1].json() == asked
    assert "one" in stream(client, "completion/a", {"input": "one two"})
    assert azure.asked[-1].json() == {**asked, "stream": True}


@pytest.mark.parametrize("body", [{}, {"output": ["a"]}, {"output": None}])
def test_a_realtime_answer_without_a_text_is_refused(client: Elasticsearch, azure: Provider, body: Any) -> None:
    put(client, azure, "completion", "mistral", "realtime")
    azure.then(Reply(body=body), Reply(body=body))
    with pytest.raises(ApiError, match=r"\[output\] in Azure AI Studio completion response"):
        client.inference.completion(inference_id="a", input="a")


def test_the_rerank_request_is_coheres(client: Elasticsearch, azure: Provider) -> None:
    stored = put(client, azure, "rerank", "cohere", task_settings={"top_n": 2, "return_documents": True})
    assert stored["task_settings"] == {"return_documents": True, "top_n": 2}
    answer = client.inference.rerank(inference_id="a", query="q", input=["a", "bbb"], top_n=1)
    assert azure.asked[-1].path == "/v1/rerank"
    assert azure.asked[-1].json() == {"documents": ["a", "bbb"], "query": "q", "return_documents": True, "top_n": 1}
    assert answer.body == {"rerank": [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]}


def test_wrong_settings_are_named_together(client: Elasticsearch, azure: Provider) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(
            client,
            azure,
            "completion",
            "google",
            "batch",
            service_settings={"target": "nowhere"},
            task_settings={"temperature": 2.5, "top_p": -1},
        )
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: [service_settings] Invalid url [nowhere] received for field [target]. Error: unable to"
        " parse url [nowhere]. Reason: the scheme must be http or https;2: [service_settings] Invalid value [google]"
        " received. [provider] must be one of [cohere, databricks, meta, microsoft_phi, mistral, openai];3:"
        " [service_settings] Invalid value [batch] received. [endpoint_type] must be one of [realtime, token];4:"
        " [task_settings] Invalid value [2.5]. [temperature] must be a less than or equal to [2.0];5: [task_settings]"
        " Invalid value [-1.0]. [top_p] must be a greater than or equal to [0.0];"
    )
