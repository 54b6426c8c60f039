"""Conversations with Claude, and calls of tools, both ways."""

from typing import Any

import anthropic
import pytest
from anthropic.types import message_create_params
from elasticsearch import ApiError, Elasticsearch
from pydantic import TypeAdapter

from tests.services.anthropic.endpoint import put
from tests.services.cases.anthropic import named_events
from tests.services.provider import Provider, Reply
from tests.services.streams import chat, user

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "How the weather is.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def fits_the_sdk(body: dict[str, Any]) -> None:
    """Every member is one that Anthropic's own client knows, of its type."""
    base, kind = message_create_params.MessageCreateParamsBase, message_create_params.MessageCreateParamsStreaming
    assert not set(body) - set(base.__annotations__) - set(kind.__annotations__)
    TypeAdapter(kind).validate_python(body)


def test_a_conversation_with_tools_becomes_anthropics(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude, "chat_completion", temperature=0.5, top_k=3)
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
        {"id": "c2", "type": "function", "function": {"name": "now", "arguments": ""}},
    ]
    chat(
        client,
        "a",
        {"role": "system", "content": "Be short."},
        user("Weather?"),
        {"role": "assistant", "content": "I look.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "noon"}]},
        {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": "tomorrow?"}]},
        {"role": "assistant", "content": ""},
        user("one two"),
        model="other",
        max_completion_tokens=99,
        stop=["END"],
        temperature=0.0,
        top_p=0.5,
        tools=[TOOL, {"type": "function", "function": {"name": "now"}}],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    )
    (asked,) = claude.asked
    assert asked.json() == {
        "model": "other",
        "system": "Be short.",
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}},
                    {"type": "tool_use", "id": "c2", "name": "now", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "rain"}]},
                    {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "noon"}]},
                ],
            },
            {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": "tomorrow?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": ""}]},
            {"role": "user", "content": "one two"},
        ],
        "max_tokens": 99,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop_sequences": ["END"],
        "tools": [
            {
                "name": "weather",
                "description": "How the weather is.",
                "input_schema": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
            {"name": "now", "input_schema": {"type": "object", "properties": {}}},
        ],
        "tool_choice": {"type": "tool", "name": "weather"},
        "top_k": 3,
        "stream": True,
    }
    fits_the_sdk(asked.json())


@pytest.mark.parametrize(("given", "sent"), [("auto", "auto"), ("none", "none"), ("required", "any")])
def test_choices_of_tools_have_anthropics_names(client: Elasticsearch, claude: Provider, given: str, sent: str) -> None:
    put(client, claude, "chat_completion")
    chat(client, "a", user("x"), tools=[TOOL], tool_choice=given)
    assert claude.asked[0].json()["tool_choice"] == {"type": sent}
    fits_the_sdk(claude.asked[0].json())


def test_several_system_messages_become_blocks(client: Elasticsearch, claude: Provider) -> None:
    put(client, claude, "chat_completion")
    chat(client, "a", {"role": "system", "content": "a"}, user("x"), {"role": "system", "content": "b"})
    assert claude.asked[0].json()["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    fits_the_sdk(claude.asked[0].json())


@pytest.mark.parametrize(
    ("messages", "options", "reason"),
    [
        ([{"role": "judge", "content": "x"}], {}, "Unsupported role [judge] for the Anthropic chat completion API."),
        ([{"role": "tool", "content": "x"}], {}, "Field [tool_call_id] is required in a tool message"),
        ([user("x")], {"tool_choice": "maybe"}, "Unsupported tool_choice value [maybe]"),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "[1"}}],
                }
            ],
            {},
            "The arguments of the tool call [c] are not a JSON object",
        ),
    ],
)
def test_what_anthropic_has_no_counterpart_for_is_refused(
    client: Elasticsearch, claude: Provider, messages: list[Any], options: dict[str, Any], reason: str
) -> None:
    put(client, claude, "chat_completion")
    with pytest.raises(ApiError) as caught:
        chat(client, "a", *messages, **options)
    assert caught.value.meta.status == 400
    assert reason in str(caught.value.body)
    assert not claude.asked


def test_calls_of_tools_come_back_as_openais(client: Elasticsearch, claude: Provider, sdk: anthropic.Anthropic) -> None:
    put(client, claude, "chat_completion")
    begun = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 2, "output_tokens": 1},
    }
    events: list[Any] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I look."}},
        {"type": "content_block_stop", "index": 0},
    ]
    for index, name in ((1, "weather"), (2, "now")):
        block = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        for piece in ('{"city": ', '"Oslo"}'):
            delta = {"type": "input_json_delta", "partial_json": piece}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": "tool_use", "stop_sequence": None}
    events += [{"type": "message_delta", "delta": ended, "usage": {"output_tokens": 41}}, {"type": "message_stop"}]
    claude.then(Reply(parts=named_events(*events)), Reply(parts=named_events(*events)))
    chunks = chat(client, "a", user("Weather?"), tools=[TOOL])
    deltas = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert deltas == [
        {"delta": {"role": "assistant"}, "index": 0},
        {"delta": {"content": "I look."}, "index": 0},
        *(
            {"delta": {"tool_calls": [call]}, "index": 0}
            for index, name in ((0, "weather"), (1, "now"))
            for call in (
                {
                    "index": index,
                    "id": f"toolu_{index + 1}",
                    "function": {"arguments": "", "name": name},
                    "type": "function",
                },
                {"index": index, "function": {"arguments": '{"city": '}},
                {"index": index, "function": {"arguments": '"Oslo"}'}},
            )
        ),
        {"delta": {}, "finish_reason": "tool_calls", "index": 0},
    ]
    assert chunks[-1]["usage"] == {"completion_tokens": 41, "prompt_tokens": 12, "total_tokens": 53}
    assert {(chunk["id"], chunk["model"]) for chunk in chunks} == {("msg_1", "claude")}
    with sdk.messages.stream(model="m", max_tokens=7, messages=[{"role": "user", "content": "x"}]) as told:
        theirs = told.get_final_message()
    assert [block.input for block in theirs.content if block.type == "tool_use"] == [{"city": "Oslo"}] * 2


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
        ("a reason of the future", "stop"),
    ],
)
def test_reasons_to_stop_have_openais_names(
    client: Elasticsearch, claude: Provider, stop_reason: str, finish_reason: str
) -> None:
    put(client, claude, "chat_completion")
    delta = {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 1}}
    claude.then(Reply(parts=named_events(delta, {"type": "message_stop"})))
    assert chat(client, "a", user("x"))[0]["choices"][0]["finish_reason"] == finish_reason
