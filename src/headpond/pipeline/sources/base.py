"""What a source is: records one by one, each readable or not, with the line it stood on."""

from __future__ import annotations

import gzip
import hashlib
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

from headpond.errors import InputError

_END = 65_536
"""Bytes of the first and of the last part of a file that identify it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing read.

    Attributes:
        line: its line or place, from 1.
        document: the record; None when it cannot be read.
        raw: what was read, when it cannot be; a text so that a dead letter can hold it.
        error: why it cannot be read.
        position: where to go on behind it, for `Source.items_after`: JSON that only the source understands; None when
            its line is enough.
    """

    line: int
    document: dict[str, Any] | None
    raw: Any = None
    error: str | None = None
    position: Any = None


class Source(ABC):
    """Records from somewhere.

    Attributes:
        name: shown in messages and dead letters.
    """

    name: str

    @abstractmethod
    def items(self) -> Iterator[Item]:
        """Everything there is, in order; what cannot be read is an item with an error.

        Raises:
            InputError: the source ends before its end (a broken archive, a read error).
        """

    def items_after(self, line: int, position: Any) -> Iterator[Item]:
        """What comes behind an item; a source that cannot jump reads up to it again.

        Args:
            line: of the item.
            position: of the item.

        Raises:
            InputError: as `items`.
        """
        return (item for item in self.items() if item.line > line)

    def identity(self) -> dict[str, Any] | None:
        """What tells this source from others and changes with its content, wherever it lies; JSON.

        None when that cannot be known before it is read: a job of such a source always starts from its beginning.
        """
        return None

    def fraction(self) -> float | None:
        """How much has been read, 0 to 1; None when unknown."""
        return None


class FileSource(Source):
    """A file, also gzipped, or standard input.

    Args:
        path: None reads standard input.

    Attributes:
        endings: file name endings of the format, without `.gz`.
    """

    endings: ClassVar[tuple[str, ...]]

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.name = "-" if path is None else str(path)
        self._size = path.stat().st_size if path is not None else 0
        self._raw: BinaryIO | None = None

    def items(self) -> Iterator[Item]:
        """Opens the file and parses it.

        Raises:
            InputError: the file cannot be opened, or reading fails midway.
        """
        line = 0
        try:
            with self._open() as file:
                for item in self.parse(file):
                    line = item.line
                    yield item
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"cannot be read on: {reason}", where=f"{self.name}:{line + 1}") from None

    def fraction(self) -> float | None:
        """Bytes read (of a gzipped file the compressed ones) over its size."""
        if self._raw is None or self._raw.closed or not self._size:
            return None
        return min(1.0, self._raw.tell() / self._size)

    def identity(self) -> dict[str, Any] | None:
        """Name, size, and a digest of both ends: the same file is known on another machine, too."""
        if self._path is None or not self._size:
            return None
        with self._path.open("rb") as file:
            digest = hashlib.blake2b(file.read(_END), digest_size=16)
            file.seek(max(0, self._size - _END))
            digest.update(file.read(_END))
        return {"name": self._path.name, "size": self._size, "digest": digest.hexdigest()}

    @abstractmethod
    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The records in the bytes of a file."""

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        if self._path is None:
            yield sys.stdin.buffer
            return
        with self._path.open("rb") as raw:
            self._raw = raw
            if self._path.suffix == ".gz":
                with gzip.open(raw) as file:
                    yield cast(BinaryIO, file)
            else:
                yield raw
