"""Anthropic's Messages API: how answers, streams and errors are read.

Sources: https://docs.anthropic.com/en/api/messages, https://docs.anthropic.com/en/api/messages-streaming and
https://docs.anthropic.com/en/api/errors; what becomes of them is Elasticsearch's
`AnthropicChatCompletionStreamingProcessor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from headpond.errors import RestError
from headpond.inference.chunks import ChatChunk, Deltas
from headpond.inference.invalid import status_exception
from headpond.inference.results import Completion, Usage
from headpond.services._http.events import Event
from headpond.services._http.reading import items, json_object, mapping, member, text, tokens
from headpond.services._http.rules import Rule, Rules

ANSWER = "Anthropic chat completions"

_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
}
_FINISHED: Mapping[str, str] = {"max_tokens": "length", "tool_use": "tool_calls", "refusal": "content_filter"}
_PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def _limits(headers: httpx.Headers) -> str:
    """What Anthropic's headers say about a rate limit (https://docs.anthropic.com/en/api/rate-limits)."""

    def said(name: str) -> str:
        return f"[{headers.get(name, 'unknown')}]"

    of = {kind: f"anthropic-ratelimit-{kind}" for kind in ("tokens", "requests")}
    return (
        f". Token limit {said(of['tokens'] + '-limit')}, remaining tokens {said(of['tokens'] + '-remaining')},"
        f" tokens reset {said(of['tokens'] + '-reset')}. Request limit {said(of['requests'] + '-limit')},"
        f" remaining requests {said(of['requests'] + '-remaining')}, request reset"
        f" {said(of['requests'] + '-reset')}. Retry after {said('retry-after')}"
    )


RULES = Rules(
    exact={529: Rule("Received an Anthropic server is temporarily overloaded status code", retry=True)},
    rate_limit_detail=_limits,
)


def read_completion(body: Any) -> Completion:
    """One text for each block of text; others, as of thoughts, are left out.

    Raises:
        MalformedError: it is no message.
        RestError: it is an error.
    """
    _refuse_error(body)
    texts = []
    for block in items(body, "content", ANSWER):
        if member(block, "type", ANSWER) == "text":
            texts.append(text(block, "text", ANSWER))
    usage = body.get("usage")
    return Completion(tuple(texts), Usage(1, _sum(usage, (*_PROMPT, "output_tokens"))))


def read_deltas(event: Event) -> list[Deltas]:
    """The text in one event; none where it carries something else."""
    body = _parsed(event)
    kind = body.get("type")
    piece: Any = ""
    if kind == "content_block_start":
        piece = mapping(body, "content_block", ANSWER).get("text")
    elif kind == "content_block_delta":
        piece = mapping(body, "delta", ANSWER).get("text")
    return [Deltas((piece,))] if isinstance(piece, str) and piece else []


class Chunks:
    """Reads the events of one stream, in their order, as chunks of a chat completion.

    Anthropic counts the blocks of a message, OpenAI the calls of tools; and what an answer cost is told in two pieces.
    """

    def __init__(self) -> None:
        self._id = ""
        self._model = ""
        self._calls: dict[str, int] = {}
        self._usage: dict[str, int] = {}

    def read(self, event: Event) -> list[ChatChunk]:
        """The chunk in one event; none where it carries what OpenAI's chunks have no place for.

        Raises:
            MalformedError: it cannot be read.
            RestError: it is an error.
        """
        body = _parsed(event)
        kind = body.get("type")
        if kind == "message_start":
            return self._begun(mapping(body, "message", ANSWER))
        if kind == "content_block_start":
            return self._block(body.get("index"), mapping(body, "content_block", ANSWER))
        if kind == "content_block_delta":
            return self._delta(body.get("index"), mapping(body, "delta", ANSWER))
        if kind == "message_delta":
            self._count(body.get("usage"))
            reason = mapping(body, "delta", ANSWER).get("stop_reason")
            return [self._chunk({}, _FINISHED.get(str(reason), "stop"))] if reason else []
        if kind == "message_stop":
            prompt = sum(self._usage.get(name, 0) for name in _PROMPT)
            return [ChatChunk.of_usage(self._id, self._model, prompt, self._usage.get("output_tokens", 0))]
        return []

    def _begun(self, message: Mapping[str, Any]) -> list[ChatChunk]:
        self._id, self._model = text(message, "id", ANSWER), text(message, "model", ANSWER)
        self._count(message.get("usage"))
        return [self._chunk({"role": message.get("role", "assistant")})]

    def _block(self, index: Any, block: Mapping[str, Any]) -> list[ChatChunk]:
        if block.get("type") == "text":
            return [self._chunk({"content": block["text"]})] if block.get("text") else []
        if block.get("type") != "tool_use":
            return []
        call = self._calls[str(index)] = len(self._calls)
        # The block says {} here; the arguments follow in pieces of text.
        function = {"arguments": "", "name": text(block, "name", ANSWER)}
        return [
            self._called({"index": call, "id": text(block, "id", ANSWER), "function": function, "type": "function"})
        ]

    def _delta(self, index: Any, delta: Mapping[str, Any]) -> list[ChatChunk]:
        if delta.get("type") == "text_delta":
            return [self._chunk({"content": text(delta, "text", ANSWER)})]
        if delta.get("type") == "input_json_delta" and str(index) in self._calls:
            arguments = text(delta, "partial_json", ANSWER)
            return [self._called({"index": self._calls[str(index)], "function": {"arguments": arguments}})]
        return []

    def _called(self, call: Mapping[str, Any]) -> ChatChunk:
        return self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> ChatChunk:
        return ChatChunk.of_delta(self._id, self._model, delta, finish_reason)

    def _count(self, usage: Any) -> None:
        for name in (*_PROMPT, "output_tokens"):
            count = tokens(usage.get(name)) if isinstance(usage, dict) else None
            if count:
                self._usage[name] = count


def _parsed(event: Event) -> dict[str, Any]:
    body = json_object(event)
    _refuse_error(body)
    return body


def _refuse_error(body: Any) -> None:
    """Raises the caller's error for `{"type": "error", "error": {"type", "message"}}`."""
    if isinstance(body, dict) and body.get("type") == "error":
        raise _error(body.get("error"))


def _error(error: Any) -> RestError:
    error = error if isinstance(error, dict) else {}
    kind = str(error.get("type"))
    reason = f"Received an error response. Error message: [{error.get('message')}]"
    found = status_exception(_STATUSES.get(kind, 500), reason)
    found.origin = {"type": kind}
    return found


def _sum(usage: Any, names: tuple[str, ...]) -> int | None:
    counts = [tokens(usage.get(name)) for name in names] if isinstance(usage, dict) else []
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
