"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from headpond.errors import InputError
from headpond.pipeline.sources.base import FileSource, Item

LONGEST = 100_000_000
"""Bytes of one line; a longer one is no record."""

_BOM = b"\xef\xbb\xbf"


class JsonLines(FileSource):
    """A file with one JSON object a line; blank lines are passed over."""

    endings = (".jsonl", ".ndjson", ".json")

    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The records; a line that is not an object is an item with an error.

        Raises:
            InputError: the file is one JSON array.
        """
        number = 0
        while line := file.readline(LONGEST):
            number += 1
            if number == 1:
                line = line.removeprefix(_BOM)
            cut = len(line) == LONGEST and not line.endswith(b"\n")
            if cut:
                _skip_line(file)
                yield Item(number, None, _text(line[:1000]), f"the line is longer than {LONGEST:,} bytes")
                continue
            line = line.strip()
            if number == 1 and (line == b"[" or line.startswith(b"[{")):
                raise InputError(
                    "is one JSON array, not one object a line",
                    where=self.name,
                    hint=f"jq -c '.[]' {self.name} > records.jsonl",
                )
            if line:
                yield _item(number, line)


def _item(number: int, line: bytes) -> Item:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Item(number, None, _text(line), f"broken JSON at column {error.colno}: {error.msg}")
    if not isinstance(document, dict):
        return Item(number, None, document, f"a record is a JSON object, not {_kind(document)}")
    return Item(number, document)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _text(line: bytes) -> str:
    return line.decode(errors="replace")


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
        pass
