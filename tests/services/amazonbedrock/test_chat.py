"""Conversations in Bedrock's words; botocore's client sends them again and checks them."""

from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.services.amazonbedrock.endpoint import MODEL, put, same, streamed
from tests.services.cases.amazonbedrock import STREAM, frame
from tests.services.provider import Provider, Reply

TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"properties": {"x": {}}}}}
BARE = {"type": "function", "function": {"name": "g"}}
CALLS = [{"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}} for n in (1, 2)]


def test_a_conversation_with_tools_is_bedrocks(client: Elasticsearch, bedrock: Provider, aws: Any) -> None:
    put(client, bedrock, "chat_completion")
    request = {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "one"},
            {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "text", "text": ""}]},
            {"role": "assistant", "content": "let me see", "tool_calls": CALLS},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
            {"role": "tool", "tool_call_id": "c2", "content": "2"},
            {"role": "user", "content": "one two three"},
        ],
        "model": "another:1",
        "max_completion_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.25,
        "stop": ["x"],
        "tools": [TOOL, BARE],
        "tool_choice": "required",
    }
    streamed(client, "chat_completion", request)
    ours = bedrock.asked[-1]
    assert ours.path == "/model/another%3A1/converse-stream"
    uses = [{"toolUse": {"toolUseId": f"c{n}", "name": "f", "input": {"x": 1}}} for n in (1, 2)]
    results = [{"toolResult": {"toolUseId": f"c{n}", "content": [{"text": str(n)}]}} for n in (1, 2)]
    assert ours.json() == {
        "system": [{"text": "be brief"}],
        "messages": [
            {"role": "user", "content": [{"text": "one"}, {"text": "two"}]},
            {"role": "assistant", "content": [{"text": "let me see"}, *uses]},
            {"role": "user", "content": [*results, {"text": "one two three"}]},
        ],
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.25, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "f",
                        "description": "d",
                        "inputSchema": {"json": {"properties": {"x": {}}, "type": "object"}},
                    }
                },
                {"toolSpec": {"name": "g", "inputSchema": {"json": {"properties": {}, "type": "object"}}}},
            ],
            "toolChoice": {"any": {}},
        },
    }
    list(aws.converse_stream(modelId="another:1", **ours.json())["stream"])
    assert same(ours, bedrock.asked[-1])


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"toolChoice": {"auto": {}}}),
        ({"type": "function", "function": {"name": "f"}}, {"toolChoice": {"tool": {"name": "f"}}}),
        (None, {}),
        ("none", None),
    ],
)
def test_which_tool_is_called(client: Elasticsearch, bedrock: Provider, aws: Any, choice: Any, sent: Any) -> None:
    put(client, bedrock, "chat_completion")
    request = {"messages": [{"role": "user", "content": "a"}], "tools": [BARE]}
    streamed(client, "chat_completion", request if choice is None else {**request, "tool_choice": choice})
    ours = bedrock.asked[-1].json()
    tools = {"toolSpec": {"name": "g", "inputSchema": {"json": {"properties": {}, "type": "object"}}}}
    assert ours.get("toolConfig") == (None if sent is None else {"tools": [tools], **sent})
    list(aws.converse_stream(modelId=MODEL, **ours)["stream"])


def test_chunks_of_a_chat_are_openais(client: Elasticsearch, bedrock: Provider) -> None:
    put(client, bedrock, "chat_completion")
    told = [
        frame("messageStart", {"role": "assistant", "p": "abc"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
        frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "so"}}),
        frame("contentBlockStop", {"contentBlockIndex": 1}),
        frame("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}),
        frame("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '{"x":'}}}),
        frame("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": " 1}"}}}),
        frame("messageStop", {"stopReason": "tool_use"}),
        frame("metadata", {"usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}, "metrics": {}}),
    ]
    # The bytes come in pieces that have nothing to do with events.
    stream = b"".join(told)
    bedrock.then(Reply(headers=STREAM, parts=[stream[at : at + 7] for at in range(0, len(stream), 7)]))
    chunks = streamed(client, "chat_completion", {"messages": [{"role": "user", "content": "a"}]})
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert {(chunk["model"], chunk["object"]) for chunk in chunks} == {(MODEL, "chat.completion.chunk")}
    function = {"arguments": "", "name": "f"}
    assert [chunk["choices"][0] for chunk in chunks[:-1]] == [
        {"delta": {"role": "assistant"}, "index": 0},
        {"delta": {"content": "so"}, "index": 0},
        {"delta": {"tool_calls": [{"index": 0, "id": "t", "function": function, "type": "function"}]}, "index": 0},
        {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]}, "index": 0},
        {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]}, "index": 0},
        {"delta": {}, "finish_reason": "tool_calls", "index": 0},
    ]
    assert chunks[-1]["usage"] == {"completion_tokens": 6, "prompt_tokens": 5, "total_tokens": 11}


@pytest.mark.parametrize(
    ("reason", "finished"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filtered", "content_filter"),
        ("guardrail_intervened", "content_filter"),
    ],
)
def test_why_an_answer_ended(client: Elasticsearch, bedrock: Provider, reason: str, finished: str) -> None:
    put(client, bedrock, "chat_completion")
    bedrock.then(Reply(headers=STREAM, parts=[frame("messageStop", {"stopReason": reason})]))
    (chunk,) = streamed(client, "chat_completion", {"messages": [{"role": "user", "content": "a"}]})
    assert chunk["choices"][0]["finish_reason"] == finished


BEGUN = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "one"}})
DAMAGED = BEGUN[:-1] + bytes([BEGUN[-1] ^ 1])


@pytest.mark.parametrize(
    ("bad", "status", "reason"),
    [
        (
            frame("throttlingException", {"message": "slow"}, "exception"),
            429,
            "Received an error response. Error message: [slow]",
        ),
        (
            frame("validationException", {"message": "no"}, "exception"),
            400,
            "Received an error response. Error message: [no]",
        ),
        (frame("internalServerException", {}, "exception"), 500, "Received an error response. Error message: [{}]"),
        (DAMAGED, 500, "Failed to parse an event of the response: Checksum mismatch"),
        (BEGUN[:20], 500, "The response ends inside an event"),
        (
            frame("contentBlockDelta", {"delta": {"text": 1}}),
            500,
            "Field [text] in Amazon Bedrock response is not a text",
        ),
        (frame("contentBlockDelta", {}), 500, "Failed to find required field [delta] in Amazon Bedrock response"),
        (frame("contentBlockDelta", b"x"), 500, "Failed to parse an event of the response"),
    ],
)
def test_what_goes_wrong_inside_a_stream_is_told(
    client: Elasticsearch, bedrock: Provider, bad: bytes, status: int, reason: str
) -> None:
    put(client, bedrock, "chat_completion")
    bedrock.then(Reply(headers=STREAM, parts=[BEGUN, bad]))
    first, last = streamed(client, "chat_completion", {"messages": [{"role": "user", "content": "a"}]})
    assert first["choices"][0]["delta"] == {"content": "one"}
    assert last["error"]["message"].startswith(reason)
    assert last["error"]["code"] == {429: "too_many_requests", 400: "bad_request", 500: "internal_server_error"}[status]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"role": "critic", "content": "a"}, "Role [critic] not supported by the Amazon Bedrock Converse API."),
        ({"role": "tool", "content": "a"}, "Field [tool_call_id] is required in a tool message"),
        (
            {"role": "assistant", "tool_calls": [{**CALLS[0], "function": {"name": "f", "arguments": "[]"}}]},
            "The arguments of the tool call [c1] are not a JSON object",
        ),
    ],
)
def test_a_conversation_that_bedrock_has_no_words_for_is_refused(
    client: Elasticsearch, bedrock: Provider, message: dict[str, Any], reason: str
) -> None:
    put(client, bedrock, "chat_completion")
    bedrock.asked.clear()
    with pytest.raises(ApiError) as caught:
        streamed(client, "chat_completion", {"messages": [message]})
    assert caught.value.meta.status == 400
    assert reason in str(caught.value.body)
    assert not bedrock.asked
