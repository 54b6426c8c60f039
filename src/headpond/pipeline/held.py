"""Vectors that documents already have: a text that is still the same is not embedded again, even without a cache.

Beside its vectors a document keeps digests of what they were made from (`headpond.inputs`), with the model in them.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.pipeline.api_error import describe
from headpond.pipeline.cache import CacheStats, EmbeddingCache
from headpond.pipeline.index import METADATA
from headpond.stages import fields
from headpond.stages.inference import Embedding, digest
from headpond.stages.record import Record
from headpond.stages.slots import slots

log = logging.getLogger("headpond.pipeline")

MOST_NOTED = 200_000
"""Digests that are remembered; those of the windows under way are far fewer."""
_AT_ONCE = 100


Name = tuple[str, str | None]
"""The `_id` of a document, and its `_routing` if it has one."""


Held = Callable[[Sequence[Name]], Mapping[Name, Mapping[str, Any]]]
"""Gives this toolkit's own field of the documents that an index has, by name."""


def lookup(names: Sequence[Name]) -> dict[str, Any]:
    """What `_mget` is asked for."""
    if all(routing is None for _, routing in names):
        return {"ids": [id for id, _ in names]}
    return {"docs": [{"_id": id} if routing is None else {"_id": id, "routing": routing} for id, routing in names]}


class Holder(Protocol):
    """Knows vectors beside a cache."""

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The vectors it has, by text."""


class IndexHolder:
    """Vectors of the index's own documents; they are read only when nothing else knows them.

    Args:
        client: of the target.
        index: the index.
    """

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=60)
        self._index = index
        self._lock = threading.Lock()
        self._noted: OrderedDict[str, Name] = OrderedDict()
        self._fields = {METADATA: None}

    def note(self, document: Name, inputs: Any) -> None:
        """A document that is about to be replaced has vectors made from these; `inputs` is its `headpond.inputs`."""
        with self._lock:
            for field, names in _listed(inputs):
                self._fields[field.removeprefix("_source.")] = None
                self._noted.update(dict.fromkeys(names, document))
            while len(self._noted) > MOST_NOTED:
                self._noted.popitem(last=False)

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The vectors of noted documents for these texts; nothing when they cannot be read."""
        if not self._noted:  # nothing is replaced
            return {}
        wanted = {digest(fingerprint, text): text for text in texts}
        with self._lock:
            held = list(dict.fromkeys(self._noted[name] for name in wanted if name in self._noted))
        found: dict[str, Embedding] = {}
        for at in range(0, len(held), _AT_ONCE):
            for document in self._read(held[at : at + _AT_ONCE]):
                found |= {wanted[name]: vector for name, vector in vectors_of(document) if name in wanted}
        return found

    def _read(self, names: Sequence[Name]) -> list[dict[str, Any]]:
        try:
            # Since 9.2 vectors come with `_source` only when they are asked for by name.
            answer = self._client.mget(index=self._index, source_includes=list(self._fields), **lookup(names))
        except (ApiError, TransportError) as error:
            log.info("vectors in the index [%s] cannot be used again: %s", self._index, describe(error))
            return []
        return [doc["_source"] for doc in answer["docs"] if doc.get("found") and isinstance(doc.get("_source"), dict)]


class LetterHolder:
    """Vectors of documents that were enriched and could not be indexed, as dead letters hold them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, Embedding] = OrderedDict()

    def note(self, document: dict[str, Any]) -> None:
        """Remembers the vectors of a document."""
        with self._lock:
            self._vectors.update(vectors_of(document))
            while len(self._vectors) > MOST_NOTED // 10:
                self._vectors.popitem(last=False)

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The vectors of noted documents for these texts."""
        with self._lock:
            pairs = ((text, self._vectors.get(digest(fingerprint, text))) for text in texts)
            return {text: vector for text, vector in pairs if vector is not None}


class CacheAndHolder:
    """A cache, and behind it somebody else who knows vectors.

    Args:
        cache: asked first, and told of what is new.
        holder: asked for the rest.
    """

    def __init__(self, cache: EmbeddingCache, holder: Holder) -> None:
        self._cache = cache
        self._holder = holder

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The embeddings that one of both knows."""
        found = self._cache.get(fingerprint, texts)
        missing = [text for text in texts if text not in found]
        return found | self._holder.get(fingerprint, missing) if missing else found

    def put(self, fingerprint: str, embeddings: Mapping[str, Embedding]) -> None:
        """Tells the cache."""
        self._cache.put(fingerprint, embeddings)

    def stats(self) -> CacheStats:
        """Of the cache."""
        return self._cache.stats()

    def clear(self) -> int:
        """Empties the cache."""
        return self._cache.clear()

    def prune(self, days: int) -> int:
        """Prunes the cache."""
        return self._cache.prune(days)

    def close(self) -> None:
        """Closes the cache."""
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def vectors_of(document: dict[str, Any]) -> Iterator[tuple[str, Embedding]]:
    """Every vector of a document that says what it was made from, with the digest of that."""
    own = document.get(METADATA)
    if not isinstance(own, dict):
        return
    for field, names in _listed(own.get("inputs")):
        try:
            values = [slot.value for slot in slots(Record(document), field, field)]
        except ValueError:
            continue
        present = [value for value in values if value is not fields.MISSING and value is not None]
        # Somebody has added or removed vectors: which is which cannot be told any more.
        if len(present) != len(names):
            continue
        for name, value in zip(names, present, strict=True):
            vector = _vector(value)
            if vector is not None:
                yield name, vector


def _listed(inputs: Any) -> Iterator[tuple[str, list[str]]]:
    """Fields and digests in `headpond.inputs`, as far as it is what this toolkit writes."""
    for field, names in inputs.items() if isinstance(inputs, dict) else ():
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            yield field, names


def _vector(value: Any) -> Embedding | None:
    if isinstance(value, dict):
        return value if all(isinstance(weight, int | float) for weight in value.values()) else None
    if isinstance(value, list) and value and all(isinstance(number, int | float) for number in value):
        # Vectors of bytes and bits are written as whole numbers, those of floats with a fraction, if only `.0`.
        whole = all(isinstance(number, int) for number in value)
        return np.array(value, np.int8) if whole else np.array(value, np.float32)
    return None
