"""Chat completions: what a conversation may be, and what is said about one that is none."""

from collections.abc import Iterator
from typing import Any

import pytest

from headpond.inference.chat import ChatRequest
from headpond.node import Node
from tests.node.doors import Ask, through

ILLEGAL = "illegal_argument_exception"
PARSE = "x_content_parse_exception"
UNIFIED = "[UnifiedCompletionRequest]"
ASKED = {"role": "user", "content": "hi"}


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    node = Node()
    with through("in process", node) as ask:
        ask("PUT", "/_inference/chat_completion/c", {"service": "fake", "service_settings": {}})
        yield ask
    node.close()


def refused(ask: Ask, body: Any) -> tuple[str, str]:
    """Type and message of the error of a conversation that is none."""
    answer = ask("POST", "/_inference/chat_completion/c/_stream", body)
    assert answer.status == 400, answer.text
    error = answer.event()["error"]
    assert error["code"] == "bad_request"
    return error["type"], error["message"]


def nested(place: str, *levels: str) -> str:
    """The message of an error inside of members: all levels name the same place."""
    *outer, last = levels
    return ": ".join([*(f"[{place}] {level}" for level in outer), last])


@pytest.mark.parametrize(
    ("body", "type", "message"),
    [
        ({}, ILLEGAL, "Required [messages]"),
        (
            {"messages": []},
            "action_request_validation_exception",
            "Validation Failed: 1: Field [messages] cannot be an empty array;",
        ),
        ({"messages": None}, PARSE, f"[1:13] {UNIFIED} messages doesn't support values of type: VALUE_NULL"),
        ({"messages": "hi"}, PARSE, f"[1:13] {UNIFIED} messages doesn't support values of type: VALUE_STRING"),
        ({"messages": [ASKED], "foo": 1}, PARSE, f"[1:46] {UNIFIED} unknown field [foo]"),
        ({"messages": [ASKED], "input": "hi"}, PARSE, f"[1:46] {UNIFIED} unknown field [input]"),
        ({"messages": [ASKED], "task_settings": {}}, PARSE, f"[1:46] {UNIFIED} unknown field [task_settings]"),
        ({"messages": [ASKED], "stream": True}, PARSE, f"[1:46] {UNIFIED} unknown field [stream]"),
        (
            {"messages": [ASKED], "model": 5},
            PARSE,
            f"[1:54] {UNIFIED} model doesn't support values of type: VALUE_NUMBER",
        ),
        (
            {"messages": [ASKED], "max_completion_tokens": "x"},
            PARSE,
            f'[1:70] {UNIFIED} failed to parse field [max_completion_tokens]: For input string: "x"',
        ),
        (
            {"messages": [ASKED], "temperature": "hot"},
            PARSE,
            f'[1:60] {UNIFIED} failed to parse field [temperature]: For input string: "hot"',
        ),
        (
            {"messages": [ASKED], "temperature": "NaN"},
            PARSE,
            f'[1:60] {UNIFIED} failed to parse field [temperature]: For input string: "NaN"',
        ),
        (
            {"messages": [ASKED], "top_p": True},
            PARSE,
            f"[1:54] {UNIFIED} top_p doesn't support values of type: VALUE_BOOLEAN",
        ),
        (
            {"messages": [ASKED], "stop": 5},
            PARSE,
            f"[1:53] {UNIFIED} stop doesn't support values of type: VALUE_NUMBER",
        ),
        (
            {"messages": [ASKED], "stop": ["a", None]},
            PARSE,
            f"[1:58] {UNIFIED} failed to parse field [stop]: Expected text at 1:58 but found VALUE_NULL",
        ),
    ],
)
def test_a_request_that_is_no_chat_is_refused(ask: Ask, body: Any, type: str, message: str) -> None:
    assert refused(ask, body) == (type, message)


IN_MESSAGES = f"{UNIFIED} failed to parse field [messages]"
IN_CONTENT = "[Message] failed to parse field [content]"
IN_CALLS = "[Message] failed to parse field [tool_calls]"
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def _part(**members: Any) -> dict[str, Any]:
    return {"role": "user", "content": [members]}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (5, nested("1:14", IN_MESSAGES, "[1:14] [Message] Expected START_OBJECT but was: VALUE_NUMBER")),
        (None, nested("1:14", IN_MESSAGES, "[1:14] [Message] Expected START_OBJECT but was: VALUE_NULL")),
        ({"content": "x"}, nested("1:14", IN_MESSAGES, "Required [role]")),
        (
            {"role": 5, "content": "x"},
            nested("1:22", IN_MESSAGES, "[1:22] [Message] role doesn't support values of type: VALUE_NUMBER"),
        ),
        ({"role": "user", "text": "x"}, nested("1:29", IN_MESSAGES, "[1:29] [Message] unknown field [text]")),
        (
            {"role": "user", "content": None},
            nested(
                "1:39",
                IN_MESSAGES,
                IN_CONTENT,
                "Expected an array start token or a value string token but found token [VALUE_NULL]",
            ),
        ),
        (
            {"role": "user", "content": {}},
            nested("1:39", IN_MESSAGES, "[1:39] [Message] content doesn't support values of type: START_OBJECT"),
        ),
        (
            {"role": "user", "content": ["x"]},
            nested(
                "1:40", IN_MESSAGES, IN_CONTENT, "[1:40] [ContentObject] Expected START_OBJECT but was: VALUE_STRING"
            ),
        ),
        (_part(type="text"), nested("1:40", IN_MESSAGES, IN_CONTENT, "Required [text]")),
        (_part(text="x"), nested("1:40", IN_MESSAGES, IN_CONTENT, "Required [type]")),
        (
            _part(type="image_url", image_url={"url": "data:,"}),
            nested(
                "1:48",
                IN_MESSAGES,
                IN_CONTENT,
                "[ContentObject] failed to parse field [type]",
                "Unrecognized type [image_url], valid: [text]",
            ),
        ),
        (
            _part(type="text", text="x", foo=1),
            nested("1:66", IN_MESSAGES, IN_CONTENT, "[1:66] [ContentObject] unknown field [foo]"),
        ),
        (
            {"role": "assistant", "tool_calls": 5},
            nested("1:47", IN_MESSAGES, "[1:47] [Message] tool_calls doesn't support values of type: VALUE_NUMBER"),
        ),
        (
            {"role": "assistant", "tool_calls": [{}]},
            nested("1:48", IN_MESSAGES, IN_CALLS, "Required [id, function, type]"),
        ),
        (
            {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f"}}]},
            nested(
                "1:87", IN_MESSAGES, IN_CALLS, "[ToolCall] failed to parse field [function]", "Required [arguments]"
            ),
        ),
        (
            {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]},
            nested(
                "1:111",
                IN_MESSAGES,
                IN_CALLS,
                "[ToolCall] failed to parse field [function]",
                "[1:111] [tool_call_function_field] arguments doesn't support values of type: START_OBJECT",
            ),
        ),
    ],
)
def test_a_message_that_is_none_is_refused(ask: Ask, message: Any, expected: str) -> None:
    assert refused(ask, {"messages": [message]}) == (PARSE, expected)


IN_TOOLS = f"{UNIFIED} failed to parse field [tools]"
IN_CHOICE = f"{UNIFIED} failed to parse field [tool_choice]"
IN_FUNCTION = "[Tool] failed to parse field [function]"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tools": "x"}, f"[1:54] {UNIFIED} tools doesn't support values of type: VALUE_STRING"),
        ({"tools": [{}]}, nested("1:55", IN_TOOLS, "Required [type, function]")),
        ({"tools": [{"type": "function"}]}, nested("1:55", IN_TOOLS, "Required [function]")),
        ({"tools": [{"type": "function", "function": {}}]}, nested("1:85", IN_TOOLS, IN_FUNCTION, "Required [name]")),
        (
            {"tools": [{"type": "function", "function": "f"}]},
            nested("1:85", IN_TOOLS, "[1:85] [Tool] function doesn't support values of type: VALUE_STRING"),
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": 5}}]},
            nested(
                "1:110",
                IN_TOOLS,
                IN_FUNCTION,
                "[1:110] [tool_function_field] parameters doesn't support values of type: VALUE_NUMBER",
            ),
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "strict": "yes"}}]},
            nested(
                "1:106",
                IN_TOOLS,
                IN_FUNCTION,
                "[tool_function_field] failed to parse field [strict]",
                "Failed to parse value [yes] as only [true] or [false] are allowed.",
            ),
        ),
        ({"tool_choice": 5}, f"[1:60] {UNIFIED} tool_choice doesn't support values of type: VALUE_NUMBER"),
        ({"tool_choice": {}}, nested("1:60", IN_CHOICE, "Required [type, function]")),
        (
            {"tool_choice": {"type": "function", "function": {}}},
            nested("1:90", IN_CHOICE, "[ToolChoiceObject] failed to parse field [function]", "Required [name]"),
        ),
    ],
)
def test_tools_that_are_none_are_refused(ask: Ask, options: dict[str, Any], expected: str) -> None:
    assert refused(ask, {"messages": [ASKED], **options}) == (PARSE, expected)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [ASKED]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]},
        {"messages": [{"role": "user", "content": []}]},
        {
            "messages": [
                {"role": "assistant", "tool_calls": [CALL]},
                {"content": "5", "role": "tool", "tool_call_id": "1"},
            ]
        },
        {"messages": [ASKED], "max_completion_tokens": 5, "temperature": 0.5, "top_p": 1.0, "stop": ["a"]},
        {"messages": [ASKED], "tool_choice": "auto"},
        {
            "messages": [ASKED],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True},
                }
            ],
        },
    ],
)
def test_a_good_chat_is_read_and_passed_on_as_it_came(ask: Ask, body: Any) -> None:
    assert ChatRequest.parse(body).to_json() == body
    assert ask("POST", "/_inference/chat_completion/c/_stream", body).text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"messages": ASKED}, {"messages": [ASKED]}),
        ({"messages": [ASKED], "stop": "a"}, {"messages": [ASKED], "stop": ["a"]}),
        ({"messages": [ASKED], "stop": [5, True]}, {"messages": [ASKED], "stop": ["5", "true"]}),
        ({"messages": [ASKED], "stop": []}, {"messages": [ASKED]}),
        ({"messages": [ASKED], "max_completion_tokens": "7"}, {"messages": [ASKED], "max_completion_tokens": 7}),
        ({"messages": [ASKED], "temperature": "0.5"}, {"messages": [ASKED], "temperature": 0.5}),
        ({"messages": [ASKED], "model": "m"}, {"messages": [ASKED]}),
    ],
)
def test_what_elasticsearch_understands_too_is_understood(given: Any, read: Any) -> None:
    assert ChatRequest.parse(given).to_json() == read


def test_the_requests_model_answers(ask: Ask) -> None:
    answer = ask("POST", "/_inference/c/_stream", {"messages": [ASKED], "model": "other"})
    assert '"model":"other"' in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code", "type"),
    [
        ("chat_completion/nope", 404, "not_found", "resource_not_found_exception"),
        ("chat_completion/t", 400, "bad_request", "status_exception"),
    ],
)
def test_errors_of_chats_look_like_openais(ask: Ask, path: str, status: int, code: str, type: str) -> None:
    ask("PUT", "/_inference/completion/t", {"service": "fake", "service_settings": {}})
    answer = ask("POST", f"/_inference/{path}/_stream", {"messages": [ASKED]})
    error = answer.event()["error"]
    assert (answer.status, error["code"], error["type"]) == (status, code, type)
    assert answer.headers["content-type"] == "text/event-stream"
