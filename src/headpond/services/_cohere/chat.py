"""Cohere's chat, version 2 of its API: what is sent, and how answers and streams are read.

Sources: https://docs.cohere.com/reference/chat, https://docs.cohere.com/v2/docs/streaming.
"""

from __future__ import annotations

from typing import Any

from headpond.inference.chunks import Deltas
from headpond.inference.invalid import status_exception
from headpond.inference.results import Completion, Usage
from headpond.services._http.events import Event
from headpond.services._http.reading import json_object, mapping, member, text, tokens

ANSWER = "Cohere chat"
ERRORS = ("ERROR", "ERROR_LIMIT", "ERROR_TOXIC", "TIMEOUT")
"""Reasons to finish that mean that there is no answer."""


def completion_body(question: str, model: str, *, stream: bool) -> dict[str, Any]:
    """One message of the user."""
    return {"messages": [{"role": "user", "content": question}], "model": model, "stream": stream}


def read_completion(body: Any) -> Completion:
    """The texts of `message.content`, which are one answer; thoughts are left out.

    Raises:
        MalformedError: there is none.
        RestError: the answer was broken off by an error.
    """
    message = mapping(body, "message", ANSWER)
    _refuse_error(body)
    content = member(message, "content", ANSWER)
    parts = content if isinstance(content, list) else []
    texts = [text(part, "text", ANSWER) for part in parts if member(part, "type", ANSWER) == "text"]
    if not texts:
        member({}, "text", ANSWER)
    return Completion(("".join(texts),), Usage(1, _spent(body.get("usage"))))


def read_deltas(event: Event) -> list[Deltas]:
    """The text in one event; none where it carries something else.

    Raises:
        MalformedError: it cannot be read.
        RestError: it says that an error broke the answer off.
    """
    body = json_object(event)
    kind = body.get("type")
    if kind == "message-end":
        _refuse_error(mapping(body, "delta", ANSWER))
    if kind not in ("content-start", "content-delta"):
        return []
    content = mapping(mapping(mapping(body, "delta", ANSWER), "message", ANSWER), "content", ANSWER)
    piece = content.get("text")
    return [Deltas((piece,))] if isinstance(piece, str) and piece else []


def _refuse_error(body: Any) -> None:
    reason = body.get("finish_reason")
    if reason in ERRORS:
        status = 429 if reason == "ERROR_LIMIT" else 500
        raise status_exception(status, f"Cohere stopped the answer due to an error: [{body.get('error') or reason}]")


def _spent(usage: Any) -> int | None:
    for name in ("tokens", "billed_units"):
        counts = usage.get(name) if isinstance(usage, dict) else None
        if isinstance(counts, dict):
            sent, received = tokens(counts.get("input_tokens")), tokens(counts.get("output_tokens"))
            if sent is not None and received is not None:
                return sent + received
    return None
