"""A JSON file: one array of objects, read element by element; or, as many name it so, JSON lines."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from headpond.errors import InputError
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.file_source import FileSource, go_to
from headpond.pipeline.sources.formats import _record
from headpond.pipeline.sources.formats._record import BOM, read_record
from headpond.pipeline.sources.formats.jsonl import JsonLines

_CHUNK = 1 << 20
_TOKEN = re.compile(rb'["\[\]{},]')
_IN_TEXT = re.compile(rb'["\\]')


class Json(FileSource):
    """An array whose elements are the records; a record's line is its number. Memory holds one element at a time."""

    endings = (".json",)

    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The records; an element that is not an object is an item with an error.

        Raises:
            InputError: the array does not end, or something follows it.
        """
        buffered = io.BufferedReader(cast(io.RawIOBase, file), _CHUNK)
        try:
            yield from self._values(buffered)
        finally:
            buffered.detach()

    def parse_after(self, file: BinaryIO, line: int, position: Any) -> Iterator[Item]:
        """The records behind one; jumps there."""
        if isinstance(position, list):
            go_to(file, position[0])
            return self._elements(file, b"", line, position[0])
        if isinstance(position, int):
            return JsonLines(self._file).parse_after(file, line, position)
        return super().parse_after(file, line, position)

    def _values(self, file: io.BufferedReader[io.RawIOBase]) -> Iterator[Item]:
        head = file.peek(_CHUNK)
        body = head.removeprefix(BOM).lstrip()
        if body.startswith(b"["):
            offset = len(head) - len(body) + 1
            file.read(offset)
            yield from self._elements(file, b"", 0, offset)
            return
        if body.partition(b"\n")[0].strip() == b"{":
            raise InputError(
                "is one JSON object over several lines, not an array of records",
                where=self.name,
                hint=f"jq -c . {self.name} > records.jsonl",
            )
        yield from JsonLines(self._file).parse(file)

    def _elements(self, file: BinaryIO, buffer: bytes, number: int, offset: int) -> Iterator[Item]:
        """The elements from inside the array on; `offset` is that of the buffer's first byte.

        Raises:
            InputError: the array does not end, something follows it, or an element is too long.
        """
        start = at = depth = 0
        in_text = False
        while True:
            found = (_IN_TEXT if in_text else _TOKEN).search(buffer, at)
            if found is None:
                at = max(at, len(buffer)) - start  # a backslash at the end has put it one further
                more = file.read(_CHUNK)
                buffer, offset, start = buffer[start:] + more, offset + start, 0
                if len(buffer) > _record.LONGEST:
                    raise self._broken(number, f"the element is longer than {_record.LONGEST:,} bytes")
                if not more:
                    raise self._broken(number, "the file ends inside the array")
                continue
            token, at = found[0], found.end()
            if in_text:
                at += token == b"\\"
                in_text = token != b'"'
            elif token == b'"':
                in_text = True
            elif token in b"[{":
                depth += 1
            elif token in b"]}" and depth:
                depth -= 1
            elif token != b"," or not depth:
                text = buffer[start : found.start()].strip()
                closes = token != b","
                if text or not closes:
                    number += 1
                    yield read_record(number, text, [offset + (found.start() if closes else at)])
                start = at
                if closes:
                    self._check_end(token, buffer[at:] + file.read(_CHUNK), number)
                    return

    def _check_end(self, token: bytes, rest: bytes, number: int) -> None:
        if token != b"]":
            raise self._broken(number, "the array is closed by a brace")
        if rest.strip():
            raise self._broken(number, "something follows the array")

    def _broken(self, number: int, reason: str) -> InputError:
        return InputError(f"cannot be read on: {reason}", where=f"{self.name}:{number + 1}")
