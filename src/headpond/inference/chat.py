"""A chat completion: a conversation, tools, and how to answer.

Elasticsearch calls it `UnifiedCompletionRequest`; its members are those of OpenAI's chat API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.inference.body import Body
from headpond.inference.chat_body import read_chat
from headpond.inference.invalid import status_exception, validation_failed


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
        read = read_chat(Body(body, raw))
        if "messages" not in read:
            raise RestError(400, "illegal_argument_exception", "Required [messages]")
        if not read["messages"]:
            raise validation_failed(["Field [messages] cannot be an empty array"])
        return cls(**{**read, "messages": tuple(Message(**message) for message in read["messages"])})

    def to_json(self) -> dict[str, Any]:
        """The request in OpenAI's form, without model and what was not given."""
        shown: dict[str, Any] = {"messages": [message.to_json() for message in self.messages]}
        for name in ("max_completion_tokens", "stop", "temperature", "tool_choice", "tools", "top_p"):
            value = getattr(self, name)
            if value is not None and value != ():
                shown[name] = list(value) if isinstance(value, tuple) else value
        return shown
