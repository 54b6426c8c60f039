"""The documents of an index, of the same cluster or of another: a point in time, read in slices at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, TypeVar

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from headpond.errors import InputError
from headpond.pipeline.index import METADATA
from headpond.pipeline.retry import Failed, Retry, StopRequested
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.cluster import Place, client_of
from headpond.pipeline.target import version_of

KEEP_ALIVE = "1h"
"""How long a page may take to be worked on, and how long after its end a job can go on in the same snapshot."""

_FIRST_TRIES = 3
"""How often it is asked whether an index is there, before a job begins."""

PAGE = 500
SLICES = 4
_LEAVES_VECTORS_OUT = (9, 2)
"""The first version that leaves vectors out of `_source` unless it is asked for them."""

_AT_ITS_END = False
"""Stands in a position for the sort values of a slice that has been read."""

T = TypeVar("T")


class IndexSource(Source):
    """Documents as they were when the reading began, with their `_id`, vectors included.

    Slices are read by threads of their own, so the order is not that of the index. A position holds the point in time
    and how far each slice is; when the point in time is no longer there, everything is read again.

    Args:
        place: the index.
        client: of the cluster that is written to, for an index there; None for another cluster, see
            `cluster.client_of`.
        auth: user and password for another cluster; None takes what the environment has.
        query: which documents; None for all.
        retry: what happens after failures.
        page: documents asked for at a time, for each slice.
        slices: how many are read at the same time, where there are several pages.
    """

    def __init__(
        self,
        place: Place,
        client: Elasticsearch | None = None,
        *,
        auth: tuple[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        retry: Retry | None = None,
        page: int = PAGE,
        slices: int = SLICES,
    ) -> None:
        self.name = place.name
        self._place = place
        self._client = client
        self._auth = auth
        self._query = dict(query) if query is not None else {"match_all": {}}
        self._retry = retry or Retry()
        self._page = page
        self._slices = slices
        self._total = 0
        self._read = 0

    def check(self) -> None:
        """Asks whether the index can be read; an address where nobody answers is not waited for as long as later on.

        Raises:
            InputError: it cannot; says why.
        """
        with self._session() as client:
            self._count(client, Retry(attempts=min(_FIRST_TRIES, self._retry.attempts), base=self._retry.base))

    def items(self) -> Iterator[Item]:
        """All documents.

        Raises:
            InputError: the index cannot be read, or not any more.
        """
        with self._session() as client:
            self._count(client)
            slices = self._slices if self._total > self._page else 1
            opened = self._call(lambda: client.open_point_in_time(index=self._place.index, keep_alive=KEEP_ALIVE))
            yield from self._documents(client, opened["id"], [None] * slices, 0)

    def items_after(self, line: int, position: Any) -> Iterator[Item]:
        """The documents of the same point in time behind an item.

        Raises:
            InputError: as `items`.
        """
        pit, after = position["pit"], position["after"]
        with self._session() as client:
            there = self._is_open(client, pit)
            if there:
                self._count(client)
                yield from self._documents(client, pit, after, line)
        if not there:
            yield from self.items()  # what is indexed already counts as unchanged

    def identity(self) -> dict[str, Any] | None:
        """The index itself, and the query.

        Changes do not matter: a job that goes on does so in the point in time in which it began.
        """
        with self._session() as client:
            try:
                found = client.indices.get_settings(index=self._place.index, filter_path="*.settings.index.uuid")
            except (ApiError, TransportError):
                return None
        uuids = sorted(one["settings"]["index"]["uuid"] for one in found.values())
        return {"index": self._place.index, "uuids": uuids, "query": self._query}

    def fraction(self) -> float | None:
        """Documents read over those counted at the beginning."""
        return min(1.0, self._read / self._total) if self._total else None

    @contextmanager
    def _session(self) -> Iterator[Elasticsearch]:
        shared = self._client
        with nullcontext(shared) if shared is not None else client_of(self._place, self._auth) as client:
            yield client.options(max_retries=0, retry_on_status=(), request_timeout=60)

    def _documents(self, client: Elasticsearch, pit: str, after: list[Any], line: int) -> Iterator[Item]:
        """The documents behind the sort values of each slice; None stands for its beginning."""
        after = list(after)
        search = self._search(client, pit, len(after))
        stop = threading.Event()
        with ThreadPoolExecutor(len(after), thread_name_prefix="headpond-source") as threads:

            def ask(number: int) -> Future[list[dict[str, Any]]]:
                return threads.submit(self._call, lambda: search(number, after[number]), line, stop)

            asked = {ask(number): number for number, last in enumerate(after) if last is not _AT_ITS_END}
            try:
                while asked:
                    done, _ = wait(asked, return_when=FIRST_COMPLETED)
                    for future in done:
                        number, hits = asked.pop(future), future.result()
                        for place, hit in enumerate(hits, 1):
                            line += 1
                            last = place == len(hits) < self._page
                            after[number] = _AT_ITS_END if last else hit["sort"]
                            self._read = line
                            yield _item(line, hit, {"pit": pit, "after": list(after)})
                        if len(hits) == self._page:
                            asked[ask(number)] = number
            finally:
                stop.set()
        # When the reading ends early the point in time stays, for the run that goes on.
        with suppress(ApiError, TransportError):
            client.close_point_in_time(id=pit)

    def _search(self, client: Elasticsearch, pit: str, slices: int) -> Callable[[int, Any], list[dict[str, Any]]]:
        version = self._call(lambda: version_of(client))
        vectors: dict[str, Any] = {"source_exclude_vectors": False} if version >= _LEAVES_VECTORS_OUT else {}

        def page(number: int, after: Any) -> list[dict[str, Any]]:
            part: dict[str, Any] = {"slice": {"id": number, "max": slices}} if slices > 1 else {}
            answer = client.search(
                pit={"id": pit, "keep_alive": KEEP_ALIVE},
                query=self._query,
                size=self._page,
                sort=[{"_shard_doc": "asc"}],
                track_total_hits=False,
                search_after=after,
                allow_partial_search_results=False,
                **part,
                **vectors,
            )
            hits: list[dict[str, Any]] = answer["hits"]["hits"]
            return hits

        return page

    def _count(self, client: Elasticsearch, retry: Retry | None = None) -> None:
        found = self._call(lambda: client.count(index=self._place.index, query=self._query), retry=retry)
        self._total = found["count"]

    def _is_open(self, client: Elasticsearch, pit: str) -> bool:
        def look() -> bool:
            try:
                client.search(pit={"id": pit, "keep_alive": KEEP_ALIVE}, size=0, track_total_hits=False)
            except NotFoundError:
                return False
            return True

        return self._call(look)

    def _call(
        self,
        work: Callable[[], T],
        line: int = 0,
        stop: threading.Event | None = None,
        retry: Retry | None = None,
    ) -> T:
        try:
            return (retry or self._retry).call(work, stop or threading.Event(), lambda: None)[0]
        except StopRequested:
            raise InputError("the reading was ended", where=self.name) from None
        except Failed as failed:
            reason = f"cannot be read on after {line:,} documents" if line else "cannot be read"
            raise InputError(f"{reason}: {failed.reason}", where=self.name) from None


def _item(line: int, hit: Mapping[str, Any], position: Any) -> Item:
    source = hit.get("_source")
    if source is None:
        return Item(line, None, {"_id": hit["_id"]}, "the index does not keep the source of its documents", position)
    # The digest that this toolkit keeps in a document belongs to the index where the document was.
    document = {name: value for name, value in source.items() if name != METADATA}
    routing = {"_routing": hit["_routing"]} if "_routing" in hit else {}
    return Item(line, {**document, "_id": hit["_id"], **routing}, position=position)
