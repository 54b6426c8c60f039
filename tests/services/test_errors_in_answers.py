"""A provider's error inside an answer that began well is passed on without secrets."""

from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from tests.services.cases.openai import chat_answer
from tests.services.provider import Asked, Provider, Reply, server_sent
from tests.services.streams import pieces, stream, user

QUOTES = {"error": {"message": "bad key hunter2", "type": "hunter2", "code": "key-hunter2"}}


@pytest.fixture
def quoting(client: Elasticsearch, provider: Provider) -> Provider:
    """Made while it was well, it quotes the key in the middle of its answers from then on."""
    provider.always = chat_answer
    for task_type in ("completion", "chat_completion"):
        settings = {"api_key": "hunter2", "model_id": "m", "url": f"{provider.url}/v1/chat/completions"}
        config = {"service": "openai", "service_settings": settings}
        client.inference.put(inference_id=task_type, task_type=task_type, inference_config=config)

    def told(asked: Asked) -> Reply:
        first = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "one"}}]}
        return Reply(parts=server_sent(first, QUOTES))

    provider.always = told
    return provider


def test_an_error_in_the_stream_of_a_completion_quotes_no_key(client: Elasticsearch, quoting: Provider) -> None:
    text = stream(client, "completion/completion", {"input": "a"})
    assert pieces(text)[-1]["error"]["reason"] == "Received an error response. Error message: [bad key ***]"
    assert "hunter2" not in text


def test_an_error_in_the_stream_of_a_chat_quotes_no_key(client: Elasticsearch, quoting: Provider) -> None:
    text = stream(client, "chat_completion/chat_completion", {"messages": [user("a")]})
    message = "Received an error response. Error message: [bad key ***]"
    assert pieces(text)[-1]["error"] == {"code": "key-***", "message": message, "type": "***"}
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "bad key hunter2", "code": 429}},
        {"error": "bad key hunter2"},
        {"object": "error", "message": "bad key hunter2", "code": 400},
    ],
)
def test_an_error_is_one_even_where_the_status_claims_success(
    client: Elasticsearch, quoting: Provider, body: Any
) -> None:
    quoting.always = lambda asked: Reply(200, body)
    quoting.asked.clear()
    with pytest.raises(BadRequestError) as caught:
        client.inference.completion(inference_id="completion", input="a")
    assert caught.value.body["error"]["reason"] == "Received an error response. Error message: [bad key ***]"
    assert len(quoting.asked) == 1


def test_an_error_that_says_so_itself_ends_a_stream(client: Elasticsearch, quoting: Provider) -> None:
    body = {"object": "error", "message": "bad key hunter2", "type": "invalid_request_error", "code": 3210}
    first = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "one"}}]}
    quoting.always = lambda asked: Reply(parts=server_sent(first, body))
    text = stream(client, "completion/completion", {"input": "a"})
    assert pieces(text)[-1]["error"]["reason"] == "Received an error response. Error message: [bad key ***]"
