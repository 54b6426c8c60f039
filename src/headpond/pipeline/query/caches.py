"""What searches keep of inference: embeddings of queries and scores of reranked texts."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

from cachetools import TTLCache

from headpond.inference.duration import parse_duration
from headpond.pipeline.spec import CacheSection
from headpond.stages.inference import Embedding

V = TypeVar("V")


class Kept(Generic[V]):
    """Results by a key, so many and so long; the least recently used goes first. Safe to be used by many threads.

    Args:
        entries: how many at most; 0 keeps nothing.
        seconds: how long.
    """

    def __init__(self, entries: int, seconds: float) -> None:
        self._lock = threading.Lock()
        self._cache: TTLCache[Hashable, V] = TTLCache(entries, seconds)
        self.hits = 0
        self.misses = 0

    @property
    def on(self) -> bool:
        """Whether it keeps anything."""
        return self._cache.maxsize > 0

    @property
    def empty(self) -> bool:
        """Whether nothing can be found."""
        return self._cache.currsize == 0

    def get(self, key: Hashable, *, counted: bool = True) -> V | None:
        """What is kept under a key.

        Args:
            key: made by `key`.
            counted: whether it is counted as a hit or a miss.
        """
        with self._lock:
            found = self._cache.get(key)
            if counted:
                self.hits += found is not None
                self.misses += found is None
            return found

    def get_all(self, keys: Sequence[Hashable]) -> dict[Hashable, V]:
        """What is kept under these keys; each is counted."""
        with self._lock:
            found = {key: value for key in keys if (value := self._cache.get(key)) is not None}
            hits = sum(key in found for key in keys)
            self.hits += hits
            self.misses += len(keys) - hits
            return found

    def put(self, key: Hashable, value: V) -> None:
        """Keeps a result."""
        self.put_all({key: value})

    def put_all(self, results: Mapping[Hashable, V]) -> None:
        """Keeps results."""
        with self._lock:
            if self._cache.maxsize > 0:
                self._cache.update(results)

    def stats(self) -> dict[str, int]:
        """`{"entries", "hits", "misses"}`."""
        with self._lock:
            self._cache.expire()
            return {"entries": len(self._cache), "hits": self.hits, "misses": self.misses}


class Caches:
    """The caches of a pipeline's searches.

    Keys hold the fingerprint of the model, so nothing is found any more when an endpoint has got another one. Texts are
    kept as digests. Failures are not kept.

    Args:
        section: how much and how long, see the pipeline file's `cache`.

    Attributes:
        query_embeddings: by model, task type and text.
        rerank_scores: by model, query and text.
    """

    def __init__(self, section: CacheSection) -> None:
        seconds = parse_duration(section.ttl, "ttl")
        self.query_embeddings: Kept[Embedding] = Kept(section.query_embeddings, seconds)
        self.rerank_scores: Kept[float] = Kept(section.rerank_scores, seconds)

    def stats(self) -> dict[str, dict[str, int]]:
        """Entries, hits and misses of each."""
        return {"query_embeddings": self.query_embeddings.stats(), "rerank_scores": self.rerank_scores.stats()}


def key(*parts: str) -> bytes:
    """16 bytes that stand for these texts in this order."""
    return keys(parts[:-1], parts[-1:])[0]


def keys(parts: Sequence[str], last: Sequence[str]) -> list[bytes]:
    """The keys of texts that begin with the same parts, one for each last part."""
    shared = blake2b(digest_size=16)
    for part in parts:
        shared.update(_framed(part))
    found = []
    for part in last:
        digest = shared.copy()
        digest.update(_framed(part))
        found.append(digest.digest())
    return found


def _framed(part: str) -> bytes:
    """A text behind its length, so that it is told where one ends."""
    data = part.encode(errors="surrogatepass")
    return len(data).to_bytes(8, "big") + data
