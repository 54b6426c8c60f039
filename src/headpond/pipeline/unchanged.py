"""What the index already holds of records: those that would be written as they are there need no work."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import JobError
from headpond.pipeline.held import IndexHolder, Name, lookup
from headpond.pipeline.index import METADATA
from headpond.pipeline.outage import Outage
from headpond.pipeline.report import Counters
from headpond.pipeline.retry import Failed, Retry
from headpond.stages.record import Record

NO_DIGEST = ""
"""Stands for a document that this toolkit did not write."""


class Unchanged:
    """Asks the index for the digests of documents, by id and without waiting for a refresh.

    Args:
        client: of the target.
        index: the index.
        retry: what happens after failures.
        stop: ends the waiting between tries.
        counters: of the job.
        holder: told of documents that will be replaced and have vectors; None when those are not to be used again.
        outage: waits for a target that is away; None for one of its own.
    """

    def __init__(
        self,
        client: Elasticsearch,
        index: str,
        retry: Retry,
        stop: threading.Event,
        counters: Counters,
        holder: IndexHolder | None = None,
        outage: Outage | None = None,
    ) -> None:
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=60)
        self._index = index
        self._retry = retry
        self._stop = stop
        self._counters = counters
        self._holder = holder
        self._outage = outage or Outage(retry.patience)

    def among(self, records: Sequence[Record]) -> set[int]:
        """The places of records that need no work; the others are told what they take the place of.

        Raises:
            JobError: the target does not answer any more.
            StopRequested: the job is being stopped.
        """
        if not records:
            return set()
        held = self.held([(record.id, record.routing) for record in records])
        same = set()
        for place, record in enumerate(records):
            own = held.get((record.id, record.routing))
            if own is None:
                continue
            found = hash_of(own)
            if found == record.digest and not record.contended:
                same.add(place)
                continue
            record.replaces = (*record.replaces, found)
            if self._holder is not None:
                self._holder.note((record.id, record.routing), own.get("inputs"))
        return same

    def held(self, names: Sequence[Name]) -> dict[Name, Mapping[str, Any]]:
        """This toolkit's own field of the documents that are there, by name; empty for documents of others.

        Raises:
            JobError: the target does not answer any more.
            StopRequested: the job is being stopped.
        """
        wanted = list(dict.fromkeys(names))
        asked = lookup(wanted)
        try:
            answer, _ = self._retry.call(
                lambda: self._client.mget(index=self._index, source_includes=[METADATA], **asked),
                self._stop,
                lambda: self._counters.add(retries=1),
                hold=self._outage.hold(),
            )
        except Failed as failed:
            raise JobError(f"the index [{self._index}] cannot be read: {failed.reason}") from None
        self._outage.over()
        found: dict[Name, Mapping[str, Any]] = {}
        for name, doc in zip(wanted, answer["docs"], strict=True):
            if doc.get("found"):
                own = (doc.get("_source") or {}).get(METADATA)
                found[name] = own if isinstance(own, dict) else {}
        return found


def is_empty(client: Elasticsearch, index: str) -> bool:
    """Whether an index holds nothing, also nothing that no search finds yet; False where that cannot be told."""
    try:
        client.indices.refresh(index=index)
        return int(client.count(index=index)["count"]) == 0
    except (ApiError, TransportError):
        return False


def hash_of(own: Mapping[str, Any]) -> str:
    """The digest of a document in this toolkit's own field of it."""
    found = own.get("hash")
    return found if isinstance(found, str) else NO_DIGEST
