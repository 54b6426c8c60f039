"""The body of a chat completion: a conversation, tools, and how to answer; read as Elasticsearch 9.2 does it.

Elasticsearch calls it `UnifiedCompletionRequest`; its members are those of OpenAI's chat API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader
from headpond.inference.invalid import status_exception, validation_failed
from headpond.inference.json_position import Path

PARSER = "UnifiedCompletionRequest"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation.

    Attributes:
        role: `user`, `assistant`, `system` or `tool`; services refuse others themselves.
        content: a text, texts in parts, or None beside tool calls.
        tool_call_id: which call a tool's message answers.
        tool_calls: what the assistant called: `{"id", "type", "function": {"name", "arguments"}}`.
    """

    role: str
    content: str | tuple[str, ...] | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """The content as one text; parts are joined by line breaks."""
        if isinstance(self.content, tuple):
            return "\n".join(self.content)
        return self.content or ""

    def to_json(self) -> dict[str, Any]:
        """The message in OpenAI's form, without what it has not."""
        shown: dict[str, Any] = {}
        if isinstance(self.content, tuple):
            shown["content"] = [{"type": "text", "text": text} for text in self.content]
        elif self.content is not None:
            shown["content"] = self.content
        shown["role"] = self.role
        if self.tool_call_id is not None:
            shown["tool_call_id"] = self.tool_call_id
        if self.tool_calls:
            shown["tool_calls"] = [dict(call) for call in self.tool_calls]
        return shown


def arguments(call: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a tool call, which OpenAI carries as the text of a JSON object.

    Args:
        call: one of a message's `tool_calls`.

    Raises:
        RestError: 400, the text is no such object.
    """
    text = call["function"]["arguments"]
    if not text.strip():
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise status_exception(400, f"The arguments of the tool call [{call['id']}] are not a JSON object")
    return found


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat completion.

    Attributes:
        messages: the conversation, never empty.
        model: instead of the endpoint's.
        max_completion_tokens: the longest answer.
        stop: texts that end the answer.
        temperature: how freely to choose.
        top_p: nucleus sampling.
        tools: `{"type": "function", "function": {"name", "description"?, "parameters"?, "strict"?}}`.
        tool_choice: `auto`, `none`, `required`, or `{"type": "function", "function": {"name"}}`.
    """

    messages: tuple[Message, ...]
    model: str | None = None
    max_completion_tokens: int | None = None
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str | Mapping[str, Any] | None = None

    @classmethod
    def of(cls, text: str) -> ChatRequest:
        """A conversation of one question."""
        return cls((Message("user", text),))

    @classmethod
    def parse(cls, body: Any, *, raw: bytes | None = None) -> ChatRequest:
        """Reads and checks a body.

        Args:
            body: the parsed JSON.
            raw: the bytes `body` was parsed from, for line and column in errors.

        Raises:
            RestError: 400, with Elasticsearch's texts.
        """
        read = _Conversation(Body(body, raw)).read()
        if "messages" not in read:
            raise RestError(400, "illegal_argument_exception", "Required [messages]")
        if not read["messages"]:
            raise validation_failed(["Field [messages] cannot be an empty array"])
        return cls(**read)

    def to_json(self) -> dict[str, Any]:
        """The request in OpenAI's form, without model and what was not given."""
        shown: dict[str, Any] = {"messages": [message.to_json() for message in self.messages]}
        for name in ("max_completion_tokens", "stop", "temperature", "tool_choice", "tools", "top_p"):
            value = getattr(self, name)
            if value is not None and value != ():
                shown[name] = list(value) if isinstance(value, tuple) else value
        return shown


class _Conversation(Members):
    def __init__(self, body: Body) -> None:
        super().__init__(body, PARSER)
        self._message = _Part(body, "Message")
        self._call = _Part(body, "ToolCall")
        self._tool = _Part(body, "Tool")

    def read(self) -> dict[str, Any]:
        readers: Mapping[str, Reader] = {
            "messages": self._messages,
            "model": self.text,
            "max_completion_tokens": self.integer,
            "stop": self._stop,
            "temperature": self.number,
            "top_p": self.number,
            "tools": self._tools,
            "tool_choice": self._tool_choice,
        }
        return self._body.object(PARSER, (), self._body.value, readers)

    def _messages(self, path: Path, value: Any) -> tuple[Message, ...]:
        readers: Mapping[str, Reader] = {
            "role": self._message.text,
            "content": self._content,
            "tool_call_id": self._message.text,
            "tool_calls": self._tool_calls,
        }
        return tuple(Message(**item) for item in self._nested(path, value, self._message, readers, ["role"]))

    def _content(self, path: Path, value: Any) -> str | tuple[str, ...]:
        if isinstance(value, str):
            return value
        part = _Part(self._body, "ContentObject")
        readers: Mapping[str, Reader] = {"text": part.text, "type": part.text}
        texts = []
        for index, item in enumerate(part.items(path, value)):
            read = part.required((*path, index), item, readers, ["text", "type"])
            if read["type"] != "text":
                raise part.failed((*path, index, "type"), f"Unrecognized type [{read['type']}], valid: [text]")
            texts.append(read["text"])
        return tuple(texts)

    def _tool_calls(self, path: Path, value: Any) -> tuple[Mapping[str, Any], ...]:
        function: Mapping[str, Reader] = {"name": self._call.text, "arguments": self._call.text}
        readers: Mapping[str, Reader] = {
            "id": self._call.text,
            "type": self._call.text,
            "function": lambda at, found: self._call.required(at, found, function, ["name", "arguments"]),
        }
        return self._nested(path, value, self._call, readers, ["id", "type", "function"])

    def _tools(self, path: Path, value: Any) -> tuple[Mapping[str, Any], ...]:
        function: Mapping[str, Reader] = {
            "name": self._tool.text,
            "description": self._tool.text,
            "parameters": self._tool.any_object,
            "strict": self._tool.flag,
        }
        readers: Mapping[str, Reader] = {
            "type": self._tool.text,
            "function": lambda at, found: self._tool.required(at, found, function, ["name"]),
        }
        return self._nested(path, value, self._tool, readers, ["type", "function"])

    def _tool_choice(self, path: Path, value: Any) -> str | Mapping[str, Any]:
        if isinstance(value, str):
            return value
        part = _Part(self._body, "ToolChoice")
        function: Mapping[str, Reader] = {"name": part.text}
        readers: Mapping[str, Reader] = {
            "type": part.text,
            "function": lambda at, found: part.required(at, found, function, ["name"]),
        }
        return part.required(path, value, readers, ["type", "function"])

    def _stop(self, path: Path, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self._body.unsupported(PARSER, path, value)
        return tuple(self.text((*path, index), item) for index, item in enumerate(value))

    @staticmethod
    def _nested(
        path: Path, value: Any, part: _Part, readers: Mapping[str, Reader], required: list[str]
    ) -> tuple[dict[str, Any], ...]:
        items = part.items(path, value)
        return tuple(part.required((*path, index), item, readers, required) for index, item in enumerate(items))


class _Part(Members):
    """Reads one kind of nested object; what is wrong in it is the cause of the outer parser's error."""

    def __init__(self, body: Body, parser: str) -> None:
        super().__init__(body, parser)

    def items(self, path: Path, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self._body.unsupported(PARSER, path, value)
        return value

    def required(self, path: Path, value: Any, readers: Mapping[str, Reader], names: list[str]) -> dict[str, Any]:
        try:
            read = self._body.object(self._parser, path, value, readers)
        except RestError as error:
            raise self._outer(path, error) from error
        missing = [name for name in names if name not in read]
        if missing:
            cause = RestError(400, "illegal_argument_exception", f"Required [{', '.join(missing)}]")
            raise self._outer(path, cause)
        return read

    def _outer(self, path: Path, cause: RestError) -> RestError:
        if cause.caused_by is not None and cause.reason.partition("] [")[2].startswith(f"{PARSER}]"):
            return cause
        return self._body.failed(PARSER, path[:1], cause, at=self._body.position(path))
