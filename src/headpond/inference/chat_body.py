"""Reading the body of a chat completion, with the names that Elasticsearch's parsers have in their errors.

Source: `UnifiedCompletionRequest` of Elasticsearch 9.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader, token
from headpond.inference.json_position import Path

T = TypeVar("T")


def read_chat(body: Body) -> dict[str, Any]:
    """The members of a chat completion, by name; messages, tools and their parts are dictionaries.

    Raises:
        RestError: 400, with Elasticsearch's texts; what is wrong inside of a member is the cause.
    """
    chat = _Parser(body, "UnifiedCompletionRequest")
    message, tool = _message(body), _tool(body)
    readers: Mapping[str, Reader] = {
        "messages": lambda path, value: chat.objects(path, value, message),
        "model": chat.text,
        "max_completion_tokens": chat.integer,
        "stop": chat.texts,
        "temperature": chat.number,
        "top_p": chat.number,
        "tools": lambda path, value: chat.objects(path, value, tool),
        "tool_choice": _tool_choice(body, chat),
    }
    return chat.whole((), body.value, readers)


def _message(body: Body) -> Reader:
    message, part = _Parser(body, "Message"), _Parser(body, "ContentObject")
    call = _tool_call(body)
    of_part: Mapping[str, Reader] = {"text": part.text, "type": lambda path, value: _text_type(part, path, value)}

    def content(path: Path, value: Any) -> str | tuple[str, ...]:
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            raise body.unsupported("Message", path, value)
        if not isinstance(value, list):
            reason = "Expected an array start token or a value string token but found token"
            raise message.failed(path, f"{reason} [{token(value)}]", "x_content_parse_exception")
        parts = message.objects(path, value, lambda at, item: part.whole(at, item, of_part, ["text", "type"]))
        return tuple(item["text"] for item in parts)

    readers: Mapping[str, Reader] = {
        "role": message.text,
        "content": content,
        "tool_call_id": message.text,
        "tool_calls": lambda path, value: message.objects(path, value, call),
    }
    return lambda path, value: message.whole(path, value, readers, ["role"])


def _text_type(part: _Parser, path: Path, value: Any) -> str:
    """Elasticsearch 9.2 takes any word here and sends it on; no provider knows another for a text."""
    found = part.text(path, value)
    if found != "text":
        raise part.failed(path, f"Unrecognized type [{found}], valid: [text]")
    return found


def _tool_call(body: Body) -> Reader:
    call, function = _Parser(body, "ToolCall"), _Parser(body, "tool_call_function_field")
    of_function: Mapping[str, Reader] = {"name": function.text, "arguments": function.text}
    readers: Mapping[str, Reader] = {
        "id": call.text,
        "type": call.text,
        "function": lambda path, value: call.member(path, value, function, of_function, ["arguments", "name"]),
    }
    return lambda path, value: call.whole(path, value, readers, ["id", "function", "type"])


def _tool(body: Body) -> Reader:
    tool, function = _Parser(body, "Tool"), _Parser(body, "tool_function_field")
    of_function: Mapping[str, Reader] = {
        "name": function.text,
        "description": function.text,
        "parameters": function.any_object,
        "strict": function.flag,
    }
    readers: Mapping[str, Reader] = {
        "type": tool.text,
        "function": lambda path, value: tool.member(path, value, function, of_function, ["name"]),
    }
    return lambda path, value: tool.whole(path, value, readers, ["type", "function"])


def _tool_choice(body: Body, chat: _Parser) -> Reader:
    choice, function = _Parser(body, "ToolChoiceObject"), _Parser(body, "tool_choice_function_field")
    readers: Mapping[str, Reader] = {
        "type": choice.text,
        "function": lambda path, value: choice.member(path, value, function, {"name": function.text}, ["name"]),
    }

    def read(path: Path, value: Any) -> str | dict[str, Any]:
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise body.unsupported("UnifiedCompletionRequest", path, value)
        return chat.member(path, value, choice, readers, ["type", "function"])

    return read


class _Parser(Members):
    """Reads one kind of object; what is wrong inside of a member is the cause of an error that names the member."""

    def whole(
        self, path: Path, value: Any, readers: Mapping[str, Reader], required: list[str] | None = None
    ) -> dict[str, Any]:
        """An object."""
        read = self._body.object(self._parser, path, value, readers)
        missing = [name for name in required or () if name not in read]
        if missing:
            raise RestError(400, "illegal_argument_exception", f"Required [{', '.join(missing)}]")
        return read

    def member(
        self, path: Path, value: Any, inner: _Parser, readers: Mapping[str, Reader], required: list[str]
    ) -> dict[str, Any]:
        """A member that is an object."""
        if not isinstance(value, dict):
            raise self._body.unsupported(self._parser, path, value)
        return self._within(path, path, lambda: inner.whole(path, value, readers, required))

    def objects(self, path: Path, value: Any, read: Reader) -> tuple[dict[str, Any], ...]:
        """A member that is an array of objects; a single object stands for an array of one."""
        if isinstance(value, dict):
            return (self._within(path, path, lambda: read(path, value)),)
        if not isinstance(value, list):
            raise self._body.unsupported(self._parser, path, value)
        places = ((*path, index) for index in range(len(value)))
        return tuple(self._within(path, at, lambda at=at: read(at, value[at[-1]])) for at in places)  # type: ignore[misc]

    def _within(self, path: Path, at: Path, read: Callable[[], T]) -> T:
        try:
            return read()
        except RestError as cause:
            found = re.match(r"\[(\d+):(\d+)\]", cause.reason)
            place = (int(found[1]), int(found[2])) if found else self._body.position(at)
            raise self._body.failed(self._parser, path, cause, at=place) from cause
