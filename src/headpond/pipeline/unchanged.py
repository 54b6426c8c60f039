"""Which records the index already holds in the form they would be written in."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from elasticsearch import Elasticsearch

from headpond.errors import JobError
from headpond.pipeline.index import METADATA
from headpond.pipeline.report import Counters
from headpond.pipeline.retry import Failed, Retry
from headpond.stages.record import Record


class Unchanged:
    """Asks the index for the digests of documents, by id and without waiting for a refresh.

    Args:
        client: of the target.
        index: the index.
        retry: what happens after failures.
        stop: ends the waiting between tries.
        counters: of the job.
    """

    def __init__(
        self, client: Elasticsearch, index: str, retry: Retry, stop: threading.Event, counters: Counters
    ) -> None:
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=60)
        self._index = index
        self._retry = retry
        self._stop = stop
        self._counters = counters

    def among(self, records: Sequence[Record]) -> set[int]:
        """The places of records that need no work.

        Raises:
            JobError: the target does not answer any more.
            StopRequested: the job is being stopped.
        """
        asked = [record.id for record in records if not record.contended]
        if not asked:
            return set()
        held = self._digests(list(dict.fromkeys(asked)))
        return {
            place
            for place, record in enumerate(records)
            if not record.contended and held.get(record.id) == record.digest
        }

    def _digests(self, ids: list[str]) -> dict[str, str]:
        try:
            answer, _ = self._retry.call(
                lambda: self._client.mget(index=self._index, ids=ids, source_includes=[f"{METADATA}.hash"]),
                self._stop,
                lambda: self._counters.add(retries=1),
            )
        except Failed as failed:
            raise JobError(f"the index [{self._index}] cannot be read: {failed.reason}") from None
        found = {}
        for doc in answer["docs"]:
            own = (doc.get("_source") or {}).get(METADATA) if doc.get("found") else None
            if isinstance(own, dict) and isinstance(own.get("hash"), str):
                found[doc["_id"]] = own["hash"]
        return found
