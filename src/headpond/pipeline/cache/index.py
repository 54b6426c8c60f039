"""The cache in an index of the target, so that a team computes a text once."""

from __future__ import annotations

import logging
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from elastic_transport import TransportError
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError
from elasticsearch.helpers import bulk

from headpond.errors import TargetError
from headpond.pipeline.api_error import describe
from headpond.pipeline.cache.base import CacheStats, decode, encode, key, slices
from headpond.stages.inference import Embedding

log = logging.getLogger("headpond.pipeline")

BODY: dict[str, Any] = {
    "settings": {"index.hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"},
    # Values are read by id alone, so nothing of them is indexed.
    "mappings": {"dynamic": False, "properties": {"model": {"type": "keyword"}, "made": {"type": "date"}}},
}
_AT_ONCE = 500
_RETRIED = (429, 502, 503, 504)


class IndexCache:
    """Embeddings as documents `{model, kind, value, made}`: `_id` is the key in hex, `value` the bytes in base64.

    Args:
        client: of the target.
        name: the index; it is made when the first embedding is kept.
    """

    def __init__(self, client: Elasticsearch, name: str) -> None:
        self._client = client.options(
            max_retries=3, retry_on_status=_RETRIED, retry_on_timeout=True, request_timeout=60
        )
        self._name = name
        self._lock = threading.Lock()
        self._made = False
        self._given_up = False

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The embeddings that are known, by text; without waiting for a refresh."""
        keys = {key(fingerprint, text).hex(): text for text in texts}
        found: dict[str, Embedding] = {}
        for some in slices(list(keys), _AT_ONCE):
            if self._given_up:
                break
            try:
                answer = self._client.mget(index=self._name, ids=list(some), source_includes=["kind", "value"])
            except NotFoundError:
                break
            except (ApiError, TransportError) as error:
                self._give_up(error)
                break
            for doc in answer["docs"]:
                if doc.get("found"):
                    with suppress(KeyError, TypeError, ValueError):  # somebody else's document is no embedding
                        own = doc["_source"]
                        found[keys[doc["_id"]]] = decode(own["kind"], b64decode(own["value"], validate=True))
        return found

    def put(self, fingerprint: str, embeddings: Mapping[str, Embedding]) -> None:
        """Keeps embeddings; the target has them when this returns. One that is there already stays."""
        if self._given_up:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        actions = []
        for text, embedding in embeddings.items():
            kind, value = encode(embedding)
            own = {"model": fingerprint, "kind": kind, "value": b64encode(value).decode(), "made": now}
            actions.append({"_op_type": "create", "_id": key(fingerprint, text).hex(), "_source": own})
        try:
            self._make()
            _, errors = bulk(
                self._client, actions, index=self._name, raise_on_error=False, max_retries=3, initial_backoff=0.5
            )
        except (ApiError, TransportError) as error:
            self._give_up(error)
            return
        failed = [error["create"] for error in errors if error["create"]["status"] != 409]  # type: ignore[union-attr]  # errors are a list unless stats_only
        if failed:
            log.warning(
                "%d of %d embeddings were not kept in the cache [%s]: %s",
                len(failed), len(actions), self._name, failed[0].get("error"),
            )  # fmt: skip

    def stats(self) -> CacheStats:
        """What it holds.

        Raises:
            TargetError: the index cannot be read.
        """
        try:
            self._client.indices.refresh(index=self._name)
            entries = self._client.count(index=self._name)["count"]
            shown = self._client.indices.stats(index=self._name, metric="store")["indices"].values()
        except NotFoundError:
            return CacheStats(f"index:{self._name}", 0, 0, None)
        except (ApiError, TransportError) as error:
            raise self._unusable(error) from None
        size = sum(int((one.get("primaries") or {}).get("store", {}).get("size_in_bytes", 0)) for one in shown)
        return CacheStats(f"index:{self._name}", entries, size, None)

    def clear(self) -> int:
        """Deletes the index; the number of embeddings.

        Raises:
            TargetError: that is refused.
        """
        entries = self.stats().entries
        try:
            with suppress(NotFoundError):
                self._client.indices.delete(index=self._name)
        except (ApiError, TransportError) as error:
            raise self._unusable(error) from None
        self._made = False
        return entries

    def prune(self, days: int) -> int:
        """Forgets what was made so many days ago or earlier (an index does not note when it is read).

        Raises:
            TargetError: that is refused.
        """
        gone = 0
        before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        query = {"range": {"made": {"lte": before}}}
        try:
            while True:
                self._client.indices.refresh(index=self._name)
                answer = self._client.search(index=self._name, query=query, size=1000, source=False)
                ids = [hit["_id"] for hit in answer["hits"]["hits"]]
                if not ids:
                    return gone
                gone += bulk(self._client, ({"_op_type": "delete", "_id": id} for id in ids), index=self._name)[0]
        except NotFoundError:
            return gone
        except (ApiError, TransportError) as error:
            raise self._unusable(error) from None

    def close(self) -> None:
        """Nothing is held open; the client is the caller's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make(self) -> None:
        with self._lock:
            if not self._made:
                if not self._client.indices.exists(index=self._name):
                    try:
                        self._client.indices.create(index=self._name, **BODY)
                    except BadRequestError as error:
                        if error.error != "resource_already_exists_exception":  # another job made it meanwhile
                            raise
                self._made = True

    def _unusable(self, error: Exception) -> TargetError:
        return TargetError(f"the embedding cache [{self._name}] cannot be used: {describe(error)}")

    def _give_up(self, error: ApiError | TransportError) -> None:
        self._given_up = True
        log.warning("the embedding cache [%s] cannot be used, going on without: %s", self._name, describe(error))
