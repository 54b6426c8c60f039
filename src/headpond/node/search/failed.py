"""The error of a search as Elasticsearch reports it: what went wrong in the shards, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headpond.errors import RestError
from headpond.node.search.shard import Shard

# Errors of the request as a whole are not reported as failures of shards.
_NOT_OF_SHARDS = frozenset(
    {
        "action_request_validation_exception",
        "index_not_found_exception",
        "parsing_exception",
        "search_phase_execution_exception",
        "status_exception",
        "x_content_parse_exception",
    }
)
_OF_ELASTICSEARCH = frozenset({"parse_exception", "query_shard_exception"})


class SearchFailedError(RestError):
    """`search_phase_execution_exception` with the failed shards.

    Args:
        cause: what went wrong in the shards.
        shards: those of the search; all of them are said to have failed.
        phase: `query` or `dfs`.
    """

    def __init__(self, cause: RestError, shards: Sequence[Shard], phase: str = "query") -> None:
        first = shards[0].index.name if shards else None
        failure = {"shard": 0, "index": first, "node": "headpond", "reason": cause.cause()}
        extra = {"phase": phase, "grouped": True, "failed_shards": [failure]}
        again = None
        if cause.type not in _OF_ELASTICSEARCH:
            again = RestError(cause.status, cause.type, cause.reason, caused_by=cause)
        elif cause.caused_by is not None and cause.caused_by.type in _OF_ELASTICSEARCH:
            again = cause.caused_by
        super().__init__(
            cause.status, "search_phase_execution_exception", "all shards failed", caused_by=again, extra=extra
        )
        self.failure = cause

    def body(self) -> dict[str, Any]:
        """The whole answer; the root cause is that of the shards."""
        root_cause = self.failure.body()["error"]["root_cause"]
        return {"error": {"root_cause": root_cause, **self.cause()}, "status": self.status}


def search_failed(error: RestError, shards: Sequence[Shard], phase: str = "query") -> RestError:
    """The error as the answer shows it: inside `all shards failed` where shards raised it."""
    if error.status != 400 or error.type in _NOT_OF_SHARDS:
        return error
    return SearchFailedError(error, shards, phase)
