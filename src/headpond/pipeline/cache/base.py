"""What a cache of embeddings is: by model fingerprint, input type and text, wherever it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import orjson

from headpond.stages.inference import Embedding

INGEST = "ingest"
"""The input type that documents are embedded with."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What a cache holds.

    Attributes:
        place: the file, or the index.
        entries: embeddings.
        bytes: on disk, as far as it is known.
        most_bytes: it does not grow beyond this; None when nothing bounds it.
    """

    place: str
    entries: int
    bytes: int
    most_bytes: int | None

    def to_json(self) -> dict[str, Any]:
        """An object with the attributes."""
        return {"place": self.place, "entries": self.entries, "bytes": self.bytes, "most_bytes": self.most_bytes}


class EmbeddingCache(Protocol):
    """Knows embeddings. One that cannot be used while a job runs is given up with a warning, never with an error."""

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The embeddings that are known, by text.

        Args:
            fingerprint: of the endpoint, see `headpond.inference.fingerprint`: service, model, weights, dimensions and
                all other settings that change the numbers.
            texts: what to look for.
        """

    def put(self, fingerprint: str, embeddings: Mapping[str, Embedding]) -> None:
        """Keeps embeddings; they are safe when this returns."""

    def stats(self) -> CacheStats:
        """What it holds.

        Raises:
            InputError, TargetError: it cannot be read.
        """

    def clear(self) -> int:
        """Forgets everything; gives the number of embeddings.

        Raises:
            InputError, TargetError: it cannot be written.
        """

    def prune(self, days: int) -> int:
        """Forgets what was not used for so many days; gives the number of embeddings.

        Raises:
            InputError, TargetError: it cannot be written.
        """

    def close(self) -> None:
        """Lets go of what it holds open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def key(fingerprint: str, text: str, input_type: str = INGEST) -> bytes:
    """16 bytes that stand for a text embedded by a model in the role of a document (or of a query)."""
    content = f"{fingerprint}\0{input_type}\0{text}".encode(errors="surrogatepass")
    return hashlib.blake2b(content, digest_size=16).digest()


def encode(embedding: Embedding) -> tuple[str, bytes]:
    """An embedding as its kind and bytes."""
    if isinstance(embedding, dict):
        return "sparse", orjson.dumps(embedding)
    if isinstance(embedding, str):
        return "text", embedding.encode(errors="surrogatepass")
    return ("float", embedding.tobytes()) if embedding.dtype == np.float32 else ("byte", embedding.tobytes())


def decode(kind: str, value: bytes) -> Embedding:
    """The embedding of a kind and bytes.

    Raises:
        ValueError: the bytes are not of this kind.
    """
    if kind == "sparse":
        sparse: dict[str, float] = orjson.loads(value)
        return sparse
    if kind == "text":
        return value.decode(errors="surrogatepass")
    return np.frombuffer(value, np.float32) if kind == "float" else np.frombuffer(value, np.int8)


def slices(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Pieces of at most `size`."""
    return (items[at : at + size] for at in range(0, len(items), size))
