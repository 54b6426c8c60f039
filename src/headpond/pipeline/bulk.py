"""Writes documents with `_bulk`: every item is looked at, what passes by itself is tried again, the rest says why.

Ids are known before the first try, so that a request whose answer was lost is sent again without doubling anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from elastic_transport import TransportError
from elasticsearch import Elasticsearch

from headpond import exact_json
from headpond.errors import JobError
from headpond.pipeline.api_error import cause
from headpond.pipeline.held import Held, Name
from headpond.pipeline.index import METADATA
from headpond.pipeline.outage import Outage
from headpond.pipeline.pace.bulk_size import BulkSize
from headpond.pipeline.pace.verdict import Verdict, classify
from headpond.pipeline.retry import Failed, Retry, StopRequested
from headpond.stages.record import Failure, Record

STAGE = "bulk"
_ANSWER = "items.*.status,items.*.error,error,status"
_OPTIONS_OF = {
    "_id": "_id",
    "_routing": "routing",
    "_version": "version",
    "_version_type": "version_type",
    "_if_seq_no": "if_seq_no",
    "_if_primary_term": "if_primary_term",
}
"""Metadata of a record, and what an action of `_bulk` calls it."""
_OWN = METADATA.encode()
# A piece may be a little larger than the limit is by now: cutting off its end would make a tiny request.
_OVER = 1.25
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
# A whole index or cluster that takes no writes (a full disk, a closed index) is not the document's fault.
_BLOCKED = frozenset({"cluster_block_exception", "index_closed_exception"})


@dataclass(frozen=True, slots=True)
class Line:
    """A record as `_bulk` wants it.

    Attributes:
        record: the record.
        body: the action and the document, two lines.
    """

    record: Record
    body: bytes

    @property
    def id(self) -> str:
        """The `_id` it is written with; the one it was read with where a processor took that out."""
        return str(self.record.metadata.get("_id") or self.record.id)

    @property
    def name(self) -> Name:
        """The id and the routing that it is written with."""
        return self.id, self.record.metadata.get("_routing")

    @classmethod
    def of(cls, record: Record, index: str) -> Line:
        """Serialises a record; vectors may be numpy arrays.

        Args:
            record: the record; its metadata say how it is written.
            index: the job's index.

        Raises:
            ValueError: the document holds something that is not JSON, or a processor sent it to another index.
        """
        if record.metadata.get("_index", index) != index:
            other = record.metadata["_index"]
            raise ValueError(f"a processor set [_index] to [{other}], a job writes to its own index")
        given = ((_OPTIONS_OF.get(name), value) for name, value in record.metadata.items() if value is not None)
        action = {"index": {option: value for option, value in given if option is not None}}
        return cls(record, b"%b\n%b\n" % (orjson.dumps(action), document(record)))


def document(record: Record) -> bytes:
    """The document as it is indexed: with what was embedded into it, and this toolkit's own field.

    Raises:
        ValueError: it holds something that is not JSON.
    """
    if record.fields_at:
        return b'{%b,"%b":{"hash":"%b"}}' % (record.raw[record.fields_at : -1], _OWN, record.digest.encode())
    own: dict[str, Any] = {"hash": record.digest}
    if record.inputs:
        own["inputs"] = record.inputs
    try:
        return exact_json.dumps({**record.document, METADATA: own}, _OPTIONS)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise ValueError(f"the document is not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class _Again:
    """A line that was not taken this time, why, what that means, and whether the target takes none at all."""

    line: Line
    reason: str
    verdict: Verdict
    blocked: bool


class BulkWriter:
    """Writes lines to one index.

    Args:
        client: of the target.
        index: the index.
        retry: what happens after failures.
        stop: ends the waiting between tries at once (a second Ctrl-C); the first lets writing end.
        on_retry: called before every further try.
        size: bytes in a request, shared by all writers of a target; None for one of its own.
        outage: waits for a target that is away, likewise.
        held: gives this toolkit's own field of documents that are there, by name, see `Unchanged.held`; None when
            nobody can be asked.
    """

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        retry: Retry,
        stop: threading.Event,
        on_retry: Callable[[], None],
        size: BulkSize | None = None,
        outage: Outage | None = None,
        held: Held | None = None,
    ) -> None:
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=120)
        self._index = index
        self._retry = retry
        self._stop = stop
        self._on_retry = on_retry
        self._size = size or BulkSize(10_000_000)
        self._outage = outage or Outage(retry.patience)
        self._held = held

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines; a record that was refused has its `failure` set, the others are indexed.

        Raises:
            JobError: the target does not answer any more, or takes no documents.
            StopRequested: `stop` was set between two tries.
        """
        attempt, hold = 0, self._outage.hold()
        while lines:
            attempt += 1
            again = [one for some in self._portions(lines) for one in self._once(some, attempt)]
            again = _latest(lines, again)
            if not again:
                return
            if attempt >= self._retry.attempts:
                given_up = [one for one in again if not hold(Failed(one.reason, one.verdict, attempt))]
                self._give_up(given_up, attempt)
                again = [one for one in again if one not in given_up]
            if self._stop.wait(self._retry.wait(attempt, TransportError(""))):
                raise StopRequested
            self._on_retry()
            lines = [one.line for one in again]

    def _portions(self, lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
        """Requests of the bytes that the cluster takes now; the document that fills one may be a little too much."""
        begin = size = 0
        for place, line in enumerate(lines):
            if place > begin and size + len(line.body) > _OVER * self._size.now:
                yield lines[begin:place]
                begin, size = place, 0
            size += len(line.body)
        yield lines[begin:]

    def _once(self, lines: Sequence[Line], attempt: int) -> list[_Again]:
        """Sends one request; gives back what to try again, with the reasons."""
        body = b"".join(line.body for line in lines)
        try:
            answer, _ = self._retry.call(
                lambda: self._send(body), self._stop, lambda: self._again(len(body)), hold=self._outage.hold()
            )
        except Failed as failed:
            return self._refused(lines, attempt, failed)
        again, throttled = [], False
        conflicts: list[tuple[Line, str]] = []
        for line, item in zip(lines, answer["items"], strict=True):
            outcome = next(iter(item.values()))
            if outcome["status"] < 300:
                continue
            error, reason = outcome.get("error"), _reason(outcome)
            verdict = classify(outcome["status"], error)
            blocked = isinstance(error, dict) and error.get("type") in _BLOCKED
            if verdict.passes or verdict is Verdict.UNCLEAR:
                throttled = throttled or verdict is Verdict.THROTTLED
                again.append(_Again(line, reason, verdict, blocked))
            elif verdict is Verdict.ACCESS or blocked:
                raise JobError(f"the target takes no documents (index [{self._index}]): {reason}")
            elif outcome["status"] == 409:
                conflicts.append((line, reason))
            else:
                line.record.failure = Failure(STAGE, reason, attempt)
        if throttled:
            self._size.refused(len(body))
        elif not again:
            self._outage.over()
        self._settle_conflicts(conflicts, attempt)
        return again

    def _settle_conflicts(self, conflicts: Sequence[tuple[Line, str]], attempt: int) -> None:
        """A version that is there already may be our own: the answer to an earlier request was lost."""
        if not conflicts:
            return
        held = self._held([line.name for line, _ in conflicts]) if self._held else {}
        for line, reason in conflicts:
            own = held.get(line.name)
            if own is None or own.get("hash") != line.record.digest:
                line.record.failure = Failure(STAGE, reason, attempt)

    def _send(self, body: bytes) -> Any:
        sent = time.monotonic()
        answer = self._client.bulk(index=self._index, operations=body, filter_path=_ANSWER).body  # type: ignore[arg-type]
        self._size.answered(time.monotonic() - sent, len(body))
        return answer

    def _again(self, size: int) -> None:
        self._size.refused(size)
        self._on_retry()

    def _refused(self, lines: Sequence[Line], attempt: int, failed: Failed) -> list[_Again]:
        """The whole request failed: too large ones are halved, unclear ones sent again, anything else ends the job."""
        if failed.verdict is Verdict.UNCLEAR:
            return [_Again(line, failed.reason, failed.verdict, blocked=True) for line in lines]
        if failed.verdict is not Verdict.INPUT:
            what = "does not answer any more" if failed.verdict is Verdict.UNREACHABLE else "takes no documents"
            raise JobError(f"the target {what} (index [{self._index}]): {failed.reason}")
        if len(lines) == 1:
            lines[0].record.failure = Failure(STAGE, failed.reason, attempt)
            return []
        self._size.refused(sum(len(line.body) for line in lines))
        half = len(lines) // 2
        return self._once(lines[:half], attempt) + self._once(lines[half:], attempt)

    def _give_up(self, again: Sequence[_Again], attempt: int) -> None:
        for one in again:
            if one.blocked:
                raise JobError(f"the target takes no documents (index [{self._index}]): {one.reason}")
            one.line.record.failure = Failure(STAGE, one.reason, attempt)


def _latest(lines: Sequence[Line], again: list[_Again]) -> list[_Again]:
    """Leaves out lines whose documents a later line of the same id has replaced in the meantime."""
    if not again:
        return again
    waiting = {id(one.line) for one in again}
    newest = {
        line.id: place for place, line in enumerate(lines) if id(line) not in waiting and line.record.failure is None
    }
    places = {id(line): place for place, line in enumerate(lines)}
    return [one for one in again if newest.get(one.line.id, -1) < places[id(one.line)]]


def _reason(outcome: dict[str, Any]) -> str:
    error = outcome.get("error")
    kind = error.get("type") if isinstance(error, dict) else None
    reason = cause(error) or f"status {outcome['status']}"
    return f"{kind}: {reason}" if kind else reason
