"""Cohere's completions, and everything sent to Cohere beside what its own client sends."""

from collections.abc import Iterator
from typing import Any

import cohere
import httpx
import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.cohere import chat_answer, chat_events, content
from tests.services.provider import Asked, Provider, Reply
from tests.services.streams import stream, whole
from tests.services.test_cohere import put


@pytest.fixture
def command(provider: Provider) -> Provider:
    provider.always = chat_answer
    return provider


@pytest.fixture
def sdk(provider: Provider) -> Iterator[cohere.ClientV2]:
    """The vendor's client in front of the same server."""
    with httpx.Client() as http:
        yield cohere.ClientV2(api_key="hunter2", base_url=provider.url, httpx_client=http)


def streamed(client: Elasticsearch) -> str:
    return stream(client, "completion/c", {"input": "one two"})


def words(text: str) -> list[str]:
    return [delta["delta"] for piece in whole(text) for delta in piece["completion"]]


def last_two(provider: Provider) -> tuple[Asked, Asked]:
    ours, theirs = provider.asked[-2:]
    assert ours.path == theirs.path
    assert ours.headers["authorization"] == theirs.headers["authorization"] == "Bearer hunter2"
    return ours, theirs


def test_put_shows_settings_in_order(client: Elasticsearch, command: Provider) -> None:
    stored = put(client, command, "completion")
    assert "task_settings" not in stored
    assert list(stored["service_settings"].items()) == [
        ("url", command.url),
        ("model_id", "m"),
        ("rate_limit", {"requests_per_minute": 10000}),
    ]


def test_the_chat_request_is_cohere_v2(client: Elasticsearch, command: Provider) -> None:
    put(client, command, "completion")
    answer = client.inference.completion(inference_id="c", input="one two")
    asked = command.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v2/chat")
    assert asked.body == b'{"messages":[{"role":"user","content":"one two"}],"model":"m","stream":false}'
    assert asked.headers["request-source"] == "unspecified:elasticsearch"
    assert answer.body == {"completion": [{"result": "one two"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "70"


def test_the_vendors_client_sends_and_reads_the_same(
    client: Elasticsearch, command: Provider, sdk: cohere.ClientV2
) -> None:
    put(client, command, "completion")
    answer = client.inference.completion(inference_id="c", input="one two").body
    told = sdk.chat(model="m", messages=[{"role": "user", "content": "one two"}])  # type: ignore[list-item]
    ours, theirs = last_two(command)
    assert ours.json() == theirs.json()
    assert told.message.content is not None
    assert answer == {"completion": [{"result": part.text} for part in told.message.content]}


def test_the_vendors_client_reads_the_same_from_the_stream(
    client: Elasticsearch, command: Provider, sdk: cohere.ClientV2
) -> None:
    put(client, command, "completion")
    said = words(streamed(client))
    told = list(sdk.chat_stream(model="m", messages=[{"role": "user", "content": "one two"}]))  # type: ignore[list-item]
    ours, theirs = last_two(command)
    assert ours.json() == theirs.json()
    pieces: list[Any] = [event.delta for event in told if event.type == "content-delta"]
    assert said == [piece.message.content.text for piece in pieces] == ["one", " two"]


def test_the_vendors_client_embeds_and_ranks_the_same(
    client: Elasticsearch, cohere: Provider, sdk: cohere.ClientV2
) -> None:
    put(client, cohere, task_settings={"truncate": "END"})
    found = client.inference.text_embedding(inference_id="c", input=["a", "bb"], input_type="ingest").body
    embedded = sdk.embed(
        model="m", texts=["a", "bb"], input_type="search_document", embedding_types=["float"], truncate="END"
    )
    ours, theirs = last_two(cohere)
    assert ours.json() == theirs.json()
    assert [item["embedding"] for item in found["text_embedding"]] == embedded.embeddings.float_
    client.inference.delete(inference_id="c")
    put(client, cohere, "rerank")
    ranked = client.inference.rerank(inference_id="c", query="q", input=["a", "bb"], top_n=1).body
    places = sdk.rerank(model="m", query="q", documents=["a", "bb"], top_n=1)
    ours, theirs = last_two(cohere)
    assert ours.json() == theirs.json()
    assert ranked["rerank"] == [
        {"index": item.index, "relevance_score": item.relevance_score} for item in places.results
    ]


def test_thoughts_are_left_out(client: Elasticsearch, command: Provider) -> None:
    put(client, command, "completion")
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    command.then(Reply(body={"message": {"role": "assistant", "content": parts}, "finish_reason": "COMPLETE"}))
    answer = client.inference.completion(inference_id="c", input="x")
    assert answer.body == {"completion": [{"result": "ab"}]}
    assert "x-headpond-tokens" not in answer.meta.headers
    thought = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "hm"}}}}
    plan = {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "hm"}}}
    command.then(
        Reply(parts=chat_events(thought, plan, content("content-delta", "a"), {"type": "message-end", "delta": {}}))
    )
    assert words(streamed(client)) == ["a"]


@pytest.mark.parametrize(("reason", "status"), [("ERROR", 500), ("TIMEOUT", 500), ("ERROR_LIMIT", 429)])
def test_an_answer_that_ends_with_an_error_is_one(
    client: Elasticsearch, command: Provider, reason: str, status: int
) -> None:
    put(client, command, "completion")
    command.then(Reply(body={"message": {"content": []}, "finish_reason": reason}))
    with pytest.raises(ApiError) as caught:
        client.inference.completion(inference_id="c", input="x")
    assert caught.value.meta.status == status
    assert f"Cohere stopped the answer due to an error: [{reason}]" in str(caught.value.body)
    end = {"type": "message-end", "delta": {"finish_reason": reason, "error": "no hunter2"}}
    command.then(Reply(parts=chat_events(content("content-delta", "a"), end)))
    text = streamed(client)
    assert "Cohere stopped the answer due to an error: [no ***]" in text
    assert f'"status":{status}' in text
    assert "[DONE]" not in text


def test_several_inputs_are_refused(client: Elasticsearch, command: Provider) -> None:
    put(client, command, "completion")
    with pytest.raises(BadRequestError, match="Cohere completions only accepts 1 input"):
        client.inference.completion(inference_id="c", input=["a", "b"])
