"""A short name for "the model that would answer now": the same fingerprint means the same vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

# Settings that change cost, speed or the answer's dress, and not the numbers. Whatever is not listed counts.
_BESIDE_THE_POINT = frozenset(
    {
        "adaptive_allocations", "api_key", "custom_headers", "headers", "num_allocations", "num_threads",
        "organization_id", "rate_limit", "return_documents", "similarity", "top_n", "user",
        "latency_ms", "error_rate", "status", "retry_after", "reset", "malformed", "truncated", "fail_on",
        "fail_first_n", "retry",
    }
)  # fmt: skip


def fingerprint(endpoint: Mapping[str, Any]) -> str:
    """The fingerprint of an endpoint, as 16 hex digits.

    It is made of the task type, the service, those settings that change the numbers (model, dimensions, URL, task
    settings such as `truncate`) and, for a local model, the hash of its weights; ids, secrets, rate limits, threads and
    fault knobs have no part in it.

    Args:
        endpoint: one entry of `GET _inference`.
    """
    parts = {
        "task_type": endpoint.get("task_type"),
        "service": endpoint.get("service"),
        "service_settings": _telling(endpoint.get("service_settings") or {}),
        "task_settings": _telling(endpoint.get("task_settings") or {}),
        "model": {key: (endpoint.get("headpond") or {}).get(key) for key in ("serves", "weights")},
    }
    text = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _telling(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in _BESIDE_THE_POINT}
