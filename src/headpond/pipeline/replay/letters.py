"""Files of dead letters as they are read again."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from headpond import exact_json
from headpond.errors import InputError
from headpond.pipeline.held import Name

KEPT, SENT, SETTLED, FAILED = range(4)
"""What became of a line: it was not chosen, it was sent, nothing is left to do, it failed again."""

_NO_KEY = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class Group:
    """Letters that one job can send.

    Attributes:
        pipeline: the name of their pipeline.
        file: its file.
        index: where they belong.
        id_field: the field that holds ids.
    """

    pipeline: str
    file: str
    index: str
    id_field: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter.

    Attributes:
        line: where it stands in its file, from 1.
        content: all it holds.
    """

    line: int
    content: Mapping[str, Any]

    @property
    def group(self) -> Group:
        """Where it belongs; empty names where it does not say."""
        pipeline, index = self._object("pipeline"), self._action.get("_index")
        id_field = pipeline.get("id_field")
        return Group(
            str(pipeline.get("name") or ""),
            str(pipeline.get("file") or ""),
            index if isinstance(index, str) else "",
            id_field if isinstance(id_field, str) else None,
        )

    @property
    def id(self) -> str | None:
        """The document's id; None when the record could not be read."""
        found = self._action.get("_id")
        return found if isinstance(found, str) else None

    @property
    def name(self) -> Name | None:
        """The document's id and routing; None when the record could not be read."""
        routing = self._action.get("routing")
        return None if self.id is None else (self.id, routing if isinstance(routing, str) else None)

    @property
    def hash(self) -> str | None:
        """The digest that the document would have had."""
        found = self.content.get("hash")
        return found if isinstance(found, str) else None

    @property
    def replaces(self) -> list[str]:
        """Digests of documents that it was to take the place of."""
        found = self.content.get("replaces")
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    @property
    def document(self) -> dict[str, Any]:
        """The enriched document, as far as the letter has it."""
        return self._object("document")

    @property
    def record(self) -> Any:
        """The record; a text that has become JSON (somebody has repaired it) is read."""
        found = self.content["record"]
        if isinstance(found, str):
            try:
                return exact_json.loads(found.encode())
            except (ValueError, RecursionError):
                return found
        return found

    @property
    def _action(self) -> dict[str, Any]:
        action = self._object("action").get("index")
        return action if isinstance(action, dict) else {}

    def _object(self, name: str) -> dict[str, Any]:
        found = self.content.get(name)
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class LetterFile:
    """A file, and what is to be done with its lines.

    Attributes:
        path: the file.
        size: bytes that were there when it was looked through; what comes behind was added later.
        offsets: where lines begin.
        groups: the group of each line, as a number; -1 for lines that are not chosen or say nothing.
        states: what became of each line.
    """

    path: Path
    size: int = 0
    offsets: array[int] = field(default_factory=lambda: array("q"))
    groups: array[int] = field(default_factory=lambda: array("i"))
    states: bytearray = field(default_factory=bytearray)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that hold something, with their number from 1.

        Raises:
            InputError: the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if number > len(self.offsets) and self.states:
                        return
                    yield number, line
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(self.path)) from None

    def letter(self, number: int) -> Letter:
        """The letter in a line, read anew."""
        with self.path.open("rb") as file:
            file.seek(self.offsets[number - 1])
            return read(number, file.readline(), self.path)

    def letters(self, group: int) -> Iterator[Letter]:
        """The letters of a group, in order."""
        for number, line in self.lines():
            if self.groups[number - 1] == group:
                yield read(number, line, self.path)


def read(number: int, line: bytes, path: Path) -> Letter:
    """A line as a letter.

    Raises:
        InputError: it is none.
    """
    try:
        content = exact_json.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"is no dead letter: broken JSON at column {error.colno}: {error.msg}",
            where=f"{path}:{number}",
            hint="nothing was sent; mend the line, or take it out to replay the others",
        ) from None
    if not isinstance(content, dict) or "record" not in content or "stage" not in content:
        raise InputError(
            "is no dead letter",
            where=f"{path}:{number}",
            hint="records are indexed with headpond ingest; replay reads the files that it writes for those that fail",
        )
    return Letter(number, content)


class Later:
    """Knows which letters have a later one for the same document; 16 bytes a letter."""

    def __init__(self) -> None:
        self._keys = bytearray()

    def add(self, index: str, id: str | None) -> None:
        """The next letter."""
        content = f"{index}\0{id}".encode(errors="surrogatepass")
        self._keys += _NO_KEY if id is None else hashlib.blake2b(content, digest_size=16).digest()

    def overtaken(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """bool[letters]: whether a later one is for the same document."""
        keys = np.frombuffer(bytes(self._keys), "V16")[::-1]
        _, last = np.unique(keys, return_index=True)
        overtaken = np.ones(len(keys), bool)
        overtaken[last] = False
        overtaken[keys == np.void(_NO_KEY)] = False
        return overtaken[::-1]
