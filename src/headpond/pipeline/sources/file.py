"""A file as bytes: on this machine, or standard input. `remote.py` has those that lie elsewhere."""

from __future__ import annotations

import hashlib
import io
import sys
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

_BUFFER = 1 << 18
_END = 65_536
"""Bytes of the first and of the last part of a file that identify it."""


class File(ABC):
    """A file that can be opened for reading, as often as it is wanted.

    Attributes:
        name: shown in messages; never holds a credential.
        path: its endings say what is in it.
        size: bytes; None when unknown.
    """

    name: str
    path: PurePosixPath | Path
    size: int | None

    @abstractmethod
    def open(self) -> BinaryIO:
        """The bytes as they lie there, compressed or not; closing it is the caller's.

        Raises:
            OSError: it cannot be opened.
        """

    def identity(self) -> dict[str, Any] | None:
        """Name, size, and a digest of both ends: the same file is known on another machine, too.

        None when the file cannot be read from a place in the middle.
        """
        if not self.size:
            return None
        try:
            with self.open() as file:
                digest = hashlib.blake2b(file.read(_END), digest_size=16)
                file.seek(max(0, self.size - _END))
                digest.update(file.read(_END))
        except (OSError, ValueError):
            return None
        return {"name": self.path.name, "size": self.size, "digest": digest.hexdigest()}


class LocalFile(File):
    """A file on this machine.

    Args:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = path
        self.name = str(path)
        self.size = path.stat().st_size

    def open(self) -> BinaryIO:
        """The bytes."""
        return self._local.open("rb", buffering=_BUFFER)


class StandardInput(File):
    """What is piped in; it can be read once, and is read by nobody else."""

    name = "-"
    path = PurePosixPath("-")
    size = None

    def open(self) -> BinaryIO:
        """The bytes; closing this leaves standard input open.

        Raises:
            OSError: the process was started without standard input.
        """
        if sys.stdin is None:
            raise OSError("there is no standard input")
        return io.BufferedReader(_Unclosed(sys.stdin.buffer), 1 << 16)


class _Unclosed(io.RawIOBase):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = getattr(self._stream, "read1", self._stream.read)(len(buffer))
        buffer[: len(read)] = read
        return len(read)
