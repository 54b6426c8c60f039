"""Gemini's `generateContent`: how answers, streams and errors are read.

Sources: https://ai.google.dev/api/generate-content and Google's discovery document of Vertex AI (`aiplatform.v1`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.inference.chunks import ChatChunk, Deltas
from headpond.inference.invalid import status_exception
from headpond.inference.results import Completion, Usage
from headpond.services._http.events import Event
from headpond.services._http.reading import items, json_object, member, text, tokens
from headpond.services._http.rules import Rule
from headpond.services._http.upstream import MalformedError

ANSWER = "Gemini"

_FILTERED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)


def overloaded(display_name: str) -> Rule:
    """What a 503 means, in Elasticsearch's words."""
    return Rule(f"The {display_name} service may be temporarily overloaded or down", retry=True)


def message_of(body: Any) -> str | None:
    """`{"error": {"code", "message", "status"}}`, which some of Google's servers put into a list."""
    error = (body[0] if isinstance(body, list) else body)["error"]
    message = error["message"]
    return message if isinstance(message, str) else None


def read_completion(body: Any) -> Completion:
    """One text for each candidate, which may be empty when all was spent on thoughts; thoughts are left out.

    Raises:
        MalformedError: there is no candidate.
        RestError: it is an error, or the question was blocked.
    """
    _refuse_error(body)
    candidates = [_texts(_parts(candidate)) for candidate in items(body, "candidates", ANSWER)]
    if not candidates:
        raise MalformedError(f"Field [candidates] in {ANSWER} response is empty")
    spent = _usage(body).get("totalTokenCount")
    return Completion(tuple("".join(texts) for texts in candidates), Usage(1, tokens(spent)))


def read_deltas(event: Event) -> list[Deltas]:
    """The texts in one event; none where it carries something else."""
    body = json_object(event)
    _refuse_error(body)
    texts = [piece for candidate in _candidates(body) for piece in _texts(_parts(candidate))]
    return [Deltas(tuple(texts))] if texts else []


class Chunks:
    """Reads the events of one stream, in their order, as chunks of a chat completion."""

    def __init__(self) -> None:
        self._begun = False
        self._calls = 0

    def read(self, event: Event) -> list[ChatChunk]:
        """The chunks in one event; the last says what the answer cost.

        Raises:
            MalformedError: it cannot be read.
            RestError: it is an error, or the question was blocked.
        """
        body = json_object(event)
        _refuse_error(body)
        identity, model = str(body.get("responseId") or ""), str(body.get("modelVersion") or "")
        candidates = _candidates(body)
        found = [ChatChunk(identity, model, (self._choice(candidate),)) for candidate in candidates]
        usage = _usage(body)
        # Every event counts what was spent up to then; the one that ends the answer counts it all.
        if usage and (not candidates or any(candidate.get("finishReason") for candidate in candidates)):
            prompt = _count(usage, "promptTokenCount") + _count(usage, "toolUsePromptTokenCount")
            spent = _count(usage, "candidatesTokenCount") + _count(usage, "thoughtsTokenCount")
            found.append(ChatChunk.of_usage(identity, model, prompt, spent))
        return found

    def _choice(self, candidate: Mapping[str, Any]) -> dict[str, Any]:
        parts = _parts(candidate)
        delta: dict[str, Any] = {} if self._begun else {"role": "assistant"}
        self._begun = True
        if said := "".join(_texts(parts)):
            delta["content"] = said
        if calls := [self._call(part["functionCall"]) for part in parts if "functionCall" in part]:
            delta["tool_calls"] = calls
        choice: dict[str, Any] = {"delta": delta}
        if reason := candidate.get("finishReason"):
            choice["finish_reason"] = self._finished(str(reason))
        return {**choice, "index": candidate.get("index", 0)}

    def _call(self, call: Any) -> dict[str, Any]:
        name = text(call, "name", ANSWER)
        arguments = orjson.dumps(call.get("args") or {}).decode()
        index, self._calls = self._calls, self._calls + 1
        # Older models give no id; the name is what is left to answer to.
        identity = call.get("id") or name
        return {"index": index, "id": identity, "function": {"arguments": arguments, "name": name}, "type": "function"}

    def _finished(self, reason: str) -> str:
        """OpenAI's name of a `finishReason`; Elasticsearch passes Google's on."""
        if reason in _FILTERED:
            return "content_filter"
        if reason == "MAX_TOKENS":
            return "length"
        return "tool_calls" if self._calls else "stop"


def _refuse_error(body: Any) -> None:
    """Raises the caller's error for an error, and for a question that was blocked: there is no answer to it."""
    if not isinstance(body, dict):
        return
    if isinstance(body.get("error"), dict):
        raise _error(body["error"])
    feedback = body.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason") and not body.get("candidates"):
        raise status_exception(400, f"The provider blocked the input. Reason: [{feedback['blockReason']}]")


def _error(error: Mapping[str, Any]) -> RestError:
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 500 else 500
    found = status_exception(status, f"Received an error response. Error message: [{error.get('message')}]")
    if isinstance(error.get("status"), str):
        found.origin = {"code": str(code), "type": error["status"]}
    return found


def _candidates(body: Mapping[str, Any]) -> list[Any]:
    """Those of one event; one that only counts tokens has none."""
    found = items(body, "candidates", ANSWER) if body.get("candidates") is not None else []
    if not found and not _usage(body):
        member(body, "candidates", ANSWER)
    return found


def _parts(candidate: Any) -> list[dict[str, Any]]:
    """None for a candidate that was stopped before it said anything."""
    if not isinstance(candidate, dict):
        raise MalformedError(f"A candidate in {ANSWER} response is not an object")
    said = candidate.get("content") or {}
    parts = said.get("parts") or [] if isinstance(said, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise MalformedError(f"Field [content] in {ANSWER} response does not hold parts")
    return parts


def _texts(parts: list[dict[str, Any]]) -> list[str]:
    said = [part.get("text") for part in parts if not part.get("thought")]
    return [piece for piece in said if isinstance(piece, str) and piece]


def _usage(body: Mapping[str, Any]) -> Mapping[str, Any]:
    usage = body.get("usageMetadata")
    return usage if isinstance(usage, dict) else {}


def _count(usage: Mapping[str, Any], name: str) -> int:
    return tokens(usage.get(name)) or 0
