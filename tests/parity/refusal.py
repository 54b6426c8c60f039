"""What a refused request was answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from elasticsearch import ApiError

# Members that speak of shards, nodes and Java rather than of the request.
LEFT_OUT = frozenset({"failed_shards", "stack_trace", "suppressed", "phase", "grouped", "bytes_wanted", "bytes_limit"})


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Makes a call that must be refused; gives `{"status": ..., "body": ...}` without what is internal.

    `caused_by` is kept to its types and reasons.
    """
    with pytest.raises(ApiError) as caught:
        call(*args, **kwargs)
    return {"status": caught.value.meta.status, "body": _essence(caught.value.body)}


def _of_the_parser(cause: Any) -> bool:
    """Whether this is what the JSON parser said, in words that are its own."""
    return isinstance(cause, Mapping) and str(cause.get("type", "")).startswith("json_")


def _essence(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _essence(one) for key, one in value.items() if key not in LEFT_OUT and not _of_the_parser(one)}
    if isinstance(value, list):
        return [_essence(one) for one in value]
    return value
