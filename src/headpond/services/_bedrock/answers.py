"""Bedrock's Converse API: how answers, streams and errors are read.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html, as botocore's service model has
them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.inference.chunks import ChatChunk, Deltas
from headpond.inference.invalid import status_exception
from headpond.inference.results import Completion, Usage
from headpond.services._bedrock.event_stream import ERROR
from headpond.services._http.events import Event
from headpond.services._http.reading import items, json_object, mapping, text, tokens
from headpond.services._http.upstream import MalformedError

ANSWER = "Amazon Bedrock"

_FINISHED: Mapping[str, str] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
_STATUSES: Mapping[str, int] = {"throttlingException": 429, "validationException": 400}


def message_of(body: Any) -> str | None:
    """`{"message": "..."}`; what stands before Bedrock writes it large."""
    found = body.get("message") or body.get("Message")
    return found if isinstance(found, str) else None


def read_completion(body: Any) -> Completion:
    """One text for each block of text; others, as of thoughts, are left out.

    Raises:
        MalformedError: it is no message.
    """
    message = mapping(mapping(body, "output", ANSWER), "message", ANSWER)
    blocks = items(message, "content", ANSWER)
    if not all(isinstance(block, dict) for block in blocks):
        raise MalformedError(f"Field [content] in {ANSWER} response is not an array of objects")
    texts = [text(block, "text", ANSWER) for block in blocks if "text" in block]
    usage = body.get("usage")
    return Completion(tuple(texts), Usage(1, tokens(usage.get("totalTokens")) if isinstance(usage, dict) else None))


def read_deltas(event: Event) -> list[Deltas]:
    """The text in one event; none where it carries something else."""
    body = _parsed(event)
    if event.name != "contentBlockDelta":
        return []
    piece = mapping(body, "delta", ANSWER).get("text")
    return [Deltas((piece,))] if isinstance(piece, str) and piece else []


class Chunks:
    """Reads the events of one stream, in their order, as chunks of a chat completion.

    Bedrock counts the blocks of a message, OpenAI the calls of tools; and Bedrock's answers have no id.

    Args:
        model: that answers.
    """

    def __init__(self, model: str) -> None:
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._model = model
        self._calls: dict[Any, int] = {}

    def read(self, event: Event) -> list[ChatChunk]:
        """The chunk in one event; none where it carries what OpenAI's chunks have no place for.

        Raises:
            MalformedError: it cannot be read.
            RestError: it is an error.
        """
        body = _parsed(event)
        if event.name == "messageStart":
            return [self._chunk({"role": text(body, "role", ANSWER)})]
        if event.name == "contentBlockStart":
            return self._block(body.get("contentBlockIndex"), mapping(body, "start", ANSWER))
        if event.name == "contentBlockDelta":
            return self._delta(body.get("contentBlockIndex"), mapping(body, "delta", ANSWER))
        if event.name == "messageStop":
            return [self._chunk({}, _FINISHED.get(text(body, "stopReason", ANSWER), "stop"))]
        if event.name == "metadata":
            return self._usage(mapping(body, "usage", ANSWER))
        return []

    def _block(self, index: Any, start: Mapping[str, Any]) -> list[ChatChunk]:
        if "toolUse" not in start:
            return []
        use = mapping(start, "toolUse", ANSWER)
        call = self._calls[str(index)] = len(self._calls)
        function = {"arguments": "", "name": text(use, "name", ANSWER)}
        called = {"index": call, "id": text(use, "toolUseId", ANSWER), "function": function, "type": "function"}
        return [self._chunk({"tool_calls": [called]})]

    def _delta(self, index: Any, delta: Mapping[str, Any]) -> list[ChatChunk]:
        if "text" in delta:
            return [self._chunk({"content": text(delta, "text", ANSWER)})]
        call = self._calls.get(str(index))
        if "toolUse" not in delta or call is None:
            return []
        piece = text(mapping(delta, "toolUse", ANSWER), "input", ANSWER)
        return [self._chunk({"tool_calls": [{"index": call, "function": {"arguments": piece}}]})]

    def _usage(self, usage: Mapping[str, Any]) -> list[ChatChunk]:
        sent, answered = tokens(usage.get("inputTokens")), tokens(usage.get("outputTokens"))
        return [] if sent is None or answered is None else [ChatChunk.of_usage(self._id, self._model, sent, answered)]

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> ChatChunk:
        return ChatChunk.of_delta(self._id, self._model, delta, finish_reason)


def _parsed(event: Event) -> dict[str, Any]:
    if event.name.startswith(ERROR):
        raise _error(event.name.removeprefix(ERROR), event.data)
    return json_object(event)


def _error(kind: str, data: str) -> RestError:
    try:
        message = message_of(orjson.loads(data)) or data
    except (orjson.JSONDecodeError, AttributeError):
        message = data
    reason = f"Received an error response. Error message: [{message}]"
    found = status_exception(_STATUSES.get(kind, 500), reason)
    found.origin = {"type": kind}
    return found
