"""Writes documents with `_bulk`: every item is looked at, what passes by itself is tried again, the rest says why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from elastic_transport import TransportError
from elasticsearch import Elasticsearch

from headpond import exact_json
from headpond.errors import JobError
from headpond.pipeline.api_error import cause
from headpond.pipeline.index import METADATA
from headpond.pipeline.retry import Failed, Retry, StopRequested, Verdict
from headpond.stages.record import Failure, Record

STAGE = "bulk"
_PASSING = frozenset({429, 502, 503, 504})
_ANSWER = "items.*.status,items.*.error,error,status"
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class Line:
    """A record as `_bulk` wants it.

    Attributes:
        record: the record.
        body: the action and the document, two lines.
    """

    record: Record
    body: bytes

    @classmethod
    def of(cls, record: Record) -> Line:
        """Serialises a record; vectors may be numpy arrays.

        Raises:
            ValueError: the document holds something that is not JSON.
        """
        document = {**record.document, METADATA: {"hash": record.digest}}
        action = {"index": {"_id": record.id}}
        try:
            return cls(record, orjson.dumps(action) + b"\n" + exact_json.dumps(document, _OPTIONS) + b"\n")
        except (orjson.JSONEncodeError, RecursionError) as error:
            raise ValueError(f"the document is not JSON: {error}") from None


class BulkWriter:
    """Writes lines to one index.

    Args:
        client: of the target.
        index: the index.
        retry: what happens after failures.
        stop: ends the waiting between tries at once (a second Ctrl-C); the first lets writing end.
        on_retry: called before every further try.
    """

    def __init__(
        self, client: Elasticsearch, index: str, retry: Retry, stop: threading.Event, on_retry: Callable[[], None]
    ) -> None:
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=120)
        self._index = index
        self._retry = retry
        self._stop = stop
        self._on_retry = on_retry

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines; a record that was refused has its `failure` set, the others are indexed.

        Raises:
            JobError: the target does not answer any more, or refuses the whole request.
            StopRequested: `stop` was set between two tries.
        """
        attempt = 0
        while lines:
            attempt += 1
            throttled = self._once(lines, attempt)
            if not throttled:
                return
            if attempt >= self._retry.attempts:
                for line, reason in throttled:
                    line.record.failure = Failure(STAGE, reason, attempt)
                return
            if self._stop.wait(self._retry.wait(attempt, TransportError(""))):
                raise StopRequested
            self._on_retry()
            lines = [line for line, _ in throttled]

    def _once(self, lines: Sequence[Line], attempt: int) -> list[tuple[Line, str]]:
        """Sends one request; gives back what to try again, with the reasons."""
        body = b"".join(line.body for line in lines)
        try:
            answer, _ = self._retry.call(lambda: self._send(body), self._stop, self._on_retry)
        except Failed as failed:
            return self._refused(lines, attempt, failed)
        throttled = []
        for line, item in zip(lines, answer["items"], strict=True):
            outcome = next(iter(item.values()))
            if outcome["status"] < 300:
                continue
            reason = _reason(outcome)
            if outcome["status"] in _PASSING:
                throttled.append((line, reason))
            else:
                line.record.failure = Failure(STAGE, reason, attempt)
        return throttled

    def _send(self, body: bytes) -> Any:
        return self._client.bulk(index=self._index, operations=body, filter_path=_ANSWER).body  # type: ignore[arg-type]

    def _refused(self, lines: Sequence[Line], attempt: int, failed: Failed) -> list[tuple[Line, str]]:
        """The whole request failed: too large ones are halved, anything else ends the job."""
        if failed.verdict is not Verdict.INPUT:
            what = "does not answer any more" if failed.verdict is Verdict.UNREACHABLE else "takes no documents"
            raise JobError(f"the target {what} (index [{self._index}]): {failed.reason}")
        if len(lines) == 1:
            lines[0].record.failure = Failure(STAGE, failed.reason, attempt)
            return []
        half = len(lines) // 2
        return self._once(lines[:half], attempt) + self._once(lines[half:], attempt)


def _reason(outcome: dict[str, Any]) -> str:
    error = outcome.get("error")
    kind = error.get("type") if isinstance(error, dict) else None
    reason = cause(error) or f"status {outcome['status']}"
    return f"{kind}: {reason}" if kind else reason
