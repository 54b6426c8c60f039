"""The file of records that could not be indexed, each with the reason. JSON lines, readable by its owner only."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from headpond import exact_json
from headpond.errors import JobError


class DeadLetters:
    """Writes letters, see `headpond.pipeline.letter`; the file is made when the first one comes.

    Args:
        path: where to; an existing file is appended to.

    Attributes:
        listener: called with each letter that was written, from the thread that wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self.listener: Callable[[dict[str, Any]], None] | None = None

    @property
    def path(self) -> Path | None:
        """The file; None as long as nothing was written."""
        return self._path if self._file is not None else None

    def write(self, letter: dict[str, Any]) -> None:
        """Appends one letter; it is with the operating system when this returns.

        Raises:
            JobError: the file cannot be written (no space left, no permission).
        """
        with self._lock:
            try:
                if self._file is None:
                    handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                    self._file = os.fdopen(handle, "ab", buffering=0)
                    if _is_cut_off(self._path):
                        self._append(self._file, b"\n")
                self._append(self._file, _line(letter))
            except OSError as error:
                raise JobError(
                    f"the dead letters cannot be written to {self._path}: {error.strerror}",
                    hint="make room or give another file",
                ) from None
        if self.listener is not None:
            self.listener(orjson.loads(_line(letter)))

    def remove(self) -> None:
        """Removes what an earlier run left, before the first letter is written.

        Raises:
            JobError: that is not allowed.
        """
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise JobError(f"{self._path} cannot be removed: {error.strerror}") from None

    def sync(self) -> None:
        """Brings what was written to the disk itself.

        Raises:
            JobError: that failed.
        """
        with self._lock:
            try:
                if self._file is not None and not self._file.closed:
                    os.fsync(self._file.fileno())
            except OSError as error:
                if error.errno != errno.EINVAL:  # a pipe or a device has nothing to bring
                    raise JobError(f"the dead letters in {self._path} are not on disk: {error.strerror}") from None

    @staticmethod
    def _append(file: BinaryIO, line: bytes) -> None:
        """Writes a line as a whole or not at all: on a full disk a part of it may go through."""
        written = 0
        try:
            while written < len(line):
                written += file.write(line[written:])
        except OSError:
            if written:
                file.truncate(file.seek(0, os.SEEK_END) - written)
            raise

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()


def _is_cut_off(path: Path) -> bool:
    """Whether the last line of a file has no end, because who wrote it was killed."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _line(letter: dict[str, Any]) -> bytes:
    """One letter as JSON; a record that orjson does not write (nested too deep) goes in as a text."""
    try:
        return exact_json.dumps(letter, orjson.OPT_APPEND_NEWLINE)
    except (orjson.JSONEncodeError, RecursionError):
        return orjson.dumps({**letter, "record": repr(letter.get("record"))}, option=orjson.OPT_APPEND_NEWLINE)


def default_path(pipeline: str) -> Path:
    """A new file in the working directory: `<pipeline>-<date>-<time>.dead.jsonl`."""
    stem = f"{pipeline}-{time.strftime('%Y%m%d-%H%M%S')}"
    path, number = Path(f"{stem}.dead.jsonl"), 1
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}.dead.jsonl")
    return path
