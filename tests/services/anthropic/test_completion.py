"""Completions by Claude, and everything sent to Anthropic beside what its own client sends."""

from typing import Any

import anthropic
import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.anthropic.endpoint import put
from tests.services.cases.anthropic import error, named_events
from tests.services.provider import Provider, Reply
from tests.services.streams import chat, stream, user, whole


def test_put_shows_settings_in_order(client: Elasticsearch, claude: Provider) -> None:
    assert put(client, claude, top_k=3) == {
        "inference_id": "a",
        "task_type": "completion",
        "service": "anthropic",
        "service_settings": {"model_id": "m", "url": claude.url, "rate_limit": {"requests_per_minute": 50}},
        "task_settings": {"max_tokens": 7, "top_k": 3},
    }


def test_max_tokens_is_required(client: Elasticsearch) -> None:
    config = {"service": "anthropic", "service_settings": {"api_key": "k", "model_id": "m"}}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(task_type="completion", inference_id="a", inference_config=config)
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: [task_settings] does not contain the required setting [max_tokens];"
    )


def test_the_request_is_anthropics(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude, temperature=0.5)
    client.inference.completion(inference_id="a", input="hi there", task_settings={"top_p": 0.25, "max_tokens": 9})
    (asked,) = claude.asked
    assert (asked.method, asked.path) == ("POST", "/v1/messages")
    assert asked.json() == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi there"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.25,
    }
    sent = {name: asked.headers[name] for name in ("x-api-key", "anthropic-version", "content-type")}
    assert sent == {"x-api-key": "hunter2", "anthropic-version": "2023-06-01", "content-type": "application/json"}


@pytest.mark.parametrize("path", ["", "/v1", "/v1/messages"])
def test_the_url_may_be_more_than_the_base(client: Elasticsearch, claude: Provider, path: str) -> None:
    settings = {"api_key": "k", "model_id": "m", "url": claude.url + path}
    config = {"service": "anthropic", "service_settings": settings, "task_settings": {"max_tokens": 1}}
    client.inference.put(task_type="completion", inference_id="a", inference_config=config)
    assert [asked.path for asked in claude.asked] == ["/v1/messages"]


def test_the_vendors_client_sends_the_same(client: Elasticsearch, claude: Provider, sdk: anthropic.Anthropic) -> None:
    sampling: dict[str, Any] = {"temperature": 0.5, "top_p": 0.25, "top_k": 3}
    put(client, claude, **sampling)
    ours = client.inference.completion(inference_id="a", input="one two").body
    theirs = sdk.messages.create(model="m", max_tokens=7, messages=[{"role": "user", "content": "one two"}], **sampling)
    first, second = claude.asked
    assert first.json() == second.json()
    assert first.path == second.path
    for name in ("x-api-key", "anthropic-version", "content-type"):
        assert first.headers[name] == second.headers[name]
    (block,) = theirs.content
    assert block.type == "text"
    assert ours == {"completion": [{"result": block.text}]}


def test_the_vendors_client_reads_the_same_from_the_stream(
    client: Elasticsearch, claude: Provider, sdk: anthropic.Anthropic
) -> None:
    put(client, claude, "chat_completion")
    chunks = chat(client, "a", user("one two three"))
    with sdk.messages.stream(model="m", max_tokens=7, messages=[{"role": "user", "content": "one two three"}]) as told:
        theirs = told.get_final_message()
    first, second = claude.asked
    assert first.json() == second.json()
    words = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    assert words == "".join(block.text for block in theirs.content if block.type == "text") == "one two three"
    spent = {"prompt_tokens": theirs.usage.input_tokens, "completion_tokens": theirs.usage.output_tokens}
    assert chunks[-1]["usage"] == {**spent, "total_tokens": sum(spent.values())}


def test_texts_and_tokens_come_back(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude)
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]
    usage = {"input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 5}
    claude.then(Reply(body={"type": "message", "content": blocks, "usage": usage}))
    answer = client.inference.completion(inference_id="a", input="x")
    assert answer.body == {"completion": [{"result": "a"}, {"result": "b"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "19"


def test_a_stream_keeps_its_blanks(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude)
    claude.then(
        Reply(
            parts=named_events(
                {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
                {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "a"}},
                {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "\n"}},
                {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "b"}},
                {"type": "an_event_of_the_future"},
                {"type": "message_stop"},
            )
        )
    )
    told = whole(stream(client, "completion/a", {"input": "x"}))
    assert [piece["completion"][0]["delta"] for piece in told] == ["a", "\n", "b"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("overloaded_error", 500), ("rate_limit_error", 429), ("invalid_request_error", 400), ("api_error", 500)],
)
def test_an_error_in_the_stream_has_the_status_of_its_kind(
    client: Elasticsearch, claude: Provider, kind: str, status: int
) -> None:
    put(client, claude)
    said = {"type": "error", "error": {"type": kind, "message": "no hunter2"}}
    claude.then(Reply(parts=named_events(said)))
    try:
        text = stream(client, "completion/a", {"input": "x"})
    except ApiError as refused:
        text = str(refused.body)
    assert f'"status":{status}' in text
    assert "Received an error response. Error message: [no ***]" in text


def test_a_good_status_with_an_error_is_an_error(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude)
    claude.then(Reply(body=error("no hunter2")))
    with pytest.raises(BadRequestError) as caught:
        client.inference.completion(inference_id="a", input="x")
    assert caught.value.body["error"]["reason"] == "Received an error response. Error message: [no ***]"


def test_an_overloaded_server_is_asked_again(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude)
    claude.then(Reply(529, error("Overloaded"), {"retry-after": "0"}))
    answer = client.inference.completion(inference_id="a", input="one")
    assert answer.body == {"completion": [{"result": "one"}]}
    assert len(claude.asked) == 2


def test_a_server_that_stays_overloaded_is_said_in_the_end(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude)
    claude.always = lambda asked: Reply(529, error("Overloaded"), {"retry-after": "100"})
    with pytest.raises(BadRequestError) as caught:
        client.inference.completion(inference_id="a", input="x")
    assert caught.value.body["error"]["reason"] == (
        "Received an Anthropic server is temporarily overloaded status code for request from inference entity id [a]"
        " status [529]. Error message: [Overloaded]"
    )


def test_a_rate_limit_is_told_in_anthropics_numbers(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude)
    headers = {"retry-after": "100", "anthropic-ratelimit-tokens-limit": "5", "anthropic-ratelimit-requests-reset": "t"}
    claude.always = lambda asked: Reply(429, error("slow down"), headers)
    with pytest.raises(ApiError) as caught:
        client.inference.completion(inference_id="a", input="x")
    assert caught.value.meta.status == 429
    assert caught.value.body["error"]["reason"] == (  # type: ignore[index]
        "Received a rate limit status code. Token limit [5], remaining tokens [unknown], tokens reset [unknown]."
        " Request limit [unknown], remaining requests [unknown], request reset [t]. Retry after [100] for request"
        " from inference entity id [a] status [429]. Error message: [slow down]"
    )
