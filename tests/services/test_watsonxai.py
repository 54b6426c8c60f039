from typing import Any
from urllib.parse import parse_qs

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.inference.endpoint import Endpoint
from headpond.inference.task_type import TaskType
from headpond.services import watsonxai
from tests.services.cases.watsonxai import answer, event, token_of
from tests.services.provider import Provider, Reply
from tests.services.streams import pieces, stream


@pytest.fixture
def watsonx(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {
        "api_key": "hunter2",
        "url": provider.url,
        "api_version": "2024-05-02",
        "model_id": "m",
        "project_id": "p",
        **options.pop("service_settings", {}),
    }
    config = {"service": "watsonxai", "service_settings": settings, **options}
    return client.inference.put(task_type=task_type, inference_id="w", inference_config=config).body


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, watsonx: Provider) -> None:
    stored = put(client, watsonx, service_settings={"max_input_tokens": 9})
    assert list(stored["service_settings"].items()) == [
        ("model_id", "m"),
        ("project_id", "p"),
        ("url", watsonx.url),
        ("api_version", "2024-05-02"),
        ("max_input_tokens", 9),
        ("dimensions", 3),
        ("similarity", "dot_product"),
        ("rate_limit", {"requests_per_minute": 120}),
    ]


@pytest.mark.parametrize("task_type", ["rerank", "completion", "chat_completion"])
def test_what_is_no_embedding_shows_them_in_another_order(
    client: Elasticsearch, watsonx: Provider, task_type: str
) -> None:
    stored = put(client, watsonx, task_type)
    assert list(stored["service_settings"]) == ["url", "api_version", "model_id", "project_id", "rate_limit"]


def test_the_api_key_is_exchanged_for_a_token_once(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx)
    client.inference.text_embedding(inference_id="w", input="a")
    client.inference.text_embedding(inference_id="w", input="b")
    fetched, *rest = watsonx.asked
    assert (fetched.method, fetched.path) == ("POST", "/identity/token")
    assert parse_qs(fetched.body.decode()) == {
        "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"],
        "apikey": ["hunter2"],
    }
    assert fetched.headers["content-type"] == "application/x-www-form-urlencoded"
    assert [asked.headers["authorization"] for asked in rest] == [f"Bearer {token_of('hunter2')}"] * 3


def test_a_token_that_is_refused_is_fetched_anew(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx)
    watsonx.asked.clear()
    watsonx.then(Reply(401, {"errors": [{"code": "authentication_token_expired", "message": "expired"}]}))
    client.inference.text_embedding(inference_id="w", input="a")
    paths = [asked.path.partition("?")[0] for asked in watsonx.asked]
    assert paths == ["/ml/v1/text/embeddings", "/identity/token", "/ml/v1/text/embeddings"]


def test_a_key_that_gives_no_token_is_told(client: Elasticsearch, watsonx: Provider) -> None:
    watsonx.then(
        Reply(400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key hunter2 could not be found."})
    )
    with pytest.raises(BadRequestError) as caught:
        put(client, watsonx)
    assert caught.value.body["error"]["caused_by"]["reason"] == (
        "Received a bad request status code for request to generate Bearer Token from inference entity id [w] status"
        " [400]. Error message: [Provided API key *** could not be found.]"
    )


@pytest.mark.parametrize(
    ("url", "variable", "wanted"),
    [
        ("https://us-south.ml.cloud.ibm.com", None, "https://iam.cloud.ibm.com/identity/token"),
        ("us-south.ml.cloud.ibm.com", None, "https://iam.cloud.ibm.com/identity/token"),
        ("https://private.eu-de.ml.cloud.ibm.com", None, "https://private.iam.cloud.ibm.com/identity/token"),
        ("https://wml.test.cloud.ibm.com", None, "https://iam.test.cloud.ibm.com/identity/token"),
        ("https://cpd.example.com:8443/x", None, "https://cpd.example.com:8443/identity/token"),
        ("https://eu-de.ml.cloud.ibm.com", "http://iam:1/", "http://iam:1/identity/token"),
        ("https://eu-de.ml.cloud.ibm.com", "http://iam:1/identity/token", "http://iam:1/identity/token"),
    ],
)
def test_where_tokens_come_from(monkeypatch: pytest.MonkeyPatch, url: str, variable: str | None, wanted: str) -> None:
    if variable:
        monkeypatch.setenv(watsonxai.IAM_URL_VARIABLE, variable)
    settings = {"url": url, "api_version": "2024-05-02"}
    endpoint = Endpoint("w", TaskType.TEXT_EMBEDDING, "watsonxai", settings)
    assert watsonxai._token_url(endpoint) == wanted
    assert watsonxai._url(endpoint, "chat").startswith(("https://", "http://"))


def test_the_embeddings_request(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx)
    answer = client.inference.text_embedding(inference_id="w", input=["a", "bb"], input_type="search")
    asked = watsonx.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/ml/v1/text/embeddings?version=2024-05-02")
    assert asked.json() == {"inputs": ["a", "bb"], "model_id": "m", "project_id": "p"}
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert answer.meta.headers["x-headpond-tokens"] == "10"


def test_the_rerank_request(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx, "rerank", task_settings={"top_n": 5, "truncate_input_tokens": 50})
    client.inference.rerank(inference_id="w", query="q", input=["a", "bbb"])
    answer = client.inference.rerank(inference_id="w", query="q", input=["a", "bbb"], top_n=1, return_documents=True)
    shared = {"model_id": "m", "project_id": "p", "query": "q", "inputs": [{"text": "a"}, {"text": "bbb"}]}
    assert watsonx.asked[-1].path == "/ml/v1/text/rerank?version=2024-05-02"
    assert [asked.json() for asked in watsonx.asked[-2:]] == [
        {**shared, "parameters": {"truncate_input_tokens": 50, "return_options": {"top_n": 5}}},
        {**shared, "parameters": {"truncate_input_tokens": 50, "return_options": {"inputs": True, "top_n": 1}}},
    ]
    assert answer.body == {"rerank": [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "20"


def test_without_options_a_rerank_has_no_parameters(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx, "rerank")
    assert set(watsonx.asked[-1].json()) == {"model_id", "project_id", "query", "inputs"}


def test_completions_are_chats_whole_and_streamed(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx, "completion")
    whole = client.inference.completion(inference_id="w", input="one two")
    assert whole.body == {"completion": [{"result": "one two"}]}
    assert whole.meta.headers["x-headpond-tokens"] == "4"
    text = stream(client, "completion/w", {"input": "one two"})
    assert pieces(text) == [{"completion": [{"delta": "one"}]}, {"completion": [{"delta": " two"}]}]
    body = {"model_id": "m", "project_id": "p", "messages": [{"content": "one two", "role": "user"}]}
    assert [(asked.path, asked.json()) for asked in watsonx.asked[-2:]] == [
        ("/ml/v1/text/chat?version=2024-05-02", body),
        ("/ml/v1/text/chat_stream?version=2024-05-02", body),
    ]


def test_a_conversation_in_ibms_words(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx, "chat_completion")
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    asked = {
        "messages": [{"role": "user", "content": "one two"}],
        "model": "another",
        "max_completion_tokens": 9,
        "temperature": 0.5,
        "stop": ["x"],
        "tools": [tool],
    }
    text = stream(client, "chat_completion/w", {**asked, "tool_choice": "auto"})
    wanted = {
        "model_id": "another",
        "project_id": "p",
        "messages": [{"content": "one two", "role": "user"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "stop": ["x"],
        "tools": [tool],
    }
    assert watsonx.asked[-1].json() == {**wanted, "tool_choice_option": "auto"}
    chunks = pieces(text)
    assert "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]) == "one two"
    assert chunks[-1]["usage"] == {"completion_tokens": 2, "prompt_tokens": 2, "total_tokens": 4}
    choice = {"type": "function", "function": {"name": "f"}}
    stream(client, "chat_completion/w", {**asked, "tool_choice": choice})
    assert watsonx.asked[-1].json() == {**wanted, "tool_choice": choice}


@pytest.mark.parametrize(
    "problem",
    [
        event(2, {"errors": [{"code": "model_no_support", "message": "hunter2 is over"}], "status_code": 500}, "error"),
        event(2, {"errors": [{"code": "model_no_support", "message": "hunter2 is over"}]}),
        event(2, {"reason": "hunter2 is over"}, "error"),
    ],
)
def test_an_error_inside_a_stream_is_told(client: Elasticsearch, watsonx: Provider, problem: bytes) -> None:
    put(client, watsonx, "completion")
    watsonx.then(Reply(parts=[event(1, {"choices": [{"index": 0, "delta": {"content": "one"}}]}), problem]))
    text = stream(client, "completion/w", {"input": "a"})
    assert '{"delta":"one"}' in text
    assert "event: error" in text
    assert "*** is over" in text


def test_ibms_error_message_is_passed_on(client: Elasticsearch, watsonx: Provider) -> None:
    put(client, watsonx)
    for body in ({"errors": [{"code": "x", "message": "no model"}]}, {"error": {"message": "no model"}}):
        watsonx.then(Reply(404, body))
        with pytest.raises(ApiError) as caught:
            client.inference.text_embedding(inference_id="w", input="a")
        assert caught.value.meta.status == 404
        assert caught.value.body["error"]["reason"] == (
            f"Resource not found at [{watsonx.url}/ml/v1/text/embeddings] for request from inference entity id [w]"
            " status [404]. Error message: [no model]"
        )


def test_an_address_that_is_none_is_refused(client: Elasticsearch, watsonx: Provider) -> None:
    with pytest.raises(BadRequestError, match="Invalid url") as caught:
        put(client, watsonx, service_settings={"url": "ftp://x", "similarity": "far"})
    assert "similarity" in str(caught.value)
