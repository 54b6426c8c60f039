"""What an error of the official client says, in one line."""

from __future__ import annotations

from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError


def describe(error: Exception) -> str:
    """The reason with those of its causes, the status, and below it a hint; the bare text for other exceptions."""
    if isinstance(error, ApiError):
        body = error.body.get("error") if isinstance(error.body, dict) else None
        said, newline, hint = (cause(body) or error.message).partition("\n")
        return f"{said} ({error.meta.status}){newline}{hint}"
    if isinstance(error, TransportError):
        return f"{type(error).__name__}: {error.message}"
    return str(error) or type(error).__name__


def cause(error: Any) -> str:
    """An error object's `reason`, followed by those of `caused_by` or the root cause; empty when there is none."""
    reasons: list[str] = []
    while isinstance(error, dict):
        reason = error.get("reason") or error.get("type")
        if reason and str(reason) not in reasons:
            reasons.append(str(reason))
        root = error.get("root_cause") or [None]
        error = error.get("caused_by") or root[0]
    if isinstance(error, str) and not reasons:
        reasons.append(error)
    if len(reasons) > 1 and reasons[0] == "all shards failed":
        reasons = reasons[1:]
    return ": ".join(reasons)
