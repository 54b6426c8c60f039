"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from headpond.errors import InputError
from headpond.pipeline.sources import compression
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.file import StandardInput
from headpond.pipeline.sources.file_source import FileSource, go_to
from headpond.pipeline.sources.formats._record import BOM, LONGEST, read_record, too_long

_UNPACKED = {".gz": "zcat FILE", ".zst": "zstdcat FILE", ".bz2": "bzcat FILE", ".xz": "xzcat FILE"}


class JsonLines(FileSource):
    """A file with one JSON object a line; blank lines are passed over. Positions are offsets in bytes."""

    endings = (".jsonl", ".ndjson")

    @property
    def plain_size(self) -> int | None:
        """Bytes of a file that is not compressed."""
        return None if compression.ending(self._file.path) else self._file.size or None

    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The records; a line that is not an object is an item with an error.

        Raises:
            InputError: the file is one JSON array, compressed, or not UTF-8 at all.
        """
        return self._lines(file, 0, 0)

    def parse_after(self, file: BinaryIO, line: int, position: Any) -> Iterator[Item]:
        """The records behind a line; jumps there."""
        if not isinstance(position, int):
            return super().parse_after(file, line, position)
        go_to(file, position)
        return self._lines(file, line, position)

    def _lines(self, file: BinaryIO, number: int, offset: int) -> Iterator[Item]:
        while line := file.readline(LONGEST):
            number += 1
            offset += len(line)
            if len(line) == LONGEST and not line.endswith(b"\n"):
                offset += _skip_line(file)
                yield too_long(number, line, offset)
                continue
            if number == 1:
                line = line.removeprefix(BOM)
                self._check_start(line.strip())
            line = line.strip()
            if line:
                yield read_record(number, line, offset)

    def _check_start(self, line: bytes) -> None:
        if (kind := compression.kind(line)) is not None:
            hint = f"give it a name that ends with {kind}"
            if isinstance(self._file, StandardInput):
                hint = f"unpack it first: {_UNPACKED[kind]} | headpond ..."
            raise InputError(f"is compressed ({kind})", where=self.name, hint=hint)
        if line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError(
                "is UTF-16, JSON is UTF-8",
                where=self.name,
                hint=f"iconv -f UTF-16 -t UTF-8 {self.name} > records.jsonl",
            )
        if line == b"[" or line.startswith(b"[{"):
            raise InputError(
                "is one JSON array, not one object a line",
                where=self.name,
                hint=f"jq -c '.[]' {self.name} > records.jsonl, or give the file the ending .json",
            )


def _skip_line(file: BinaryIO) -> int:
    """Reads up to the end of the line; gives the number of bytes."""
    size = 0
    while rest := file.readline(1 << 20):
        size += len(rest)
        if rest.endswith(b"\n"):
            break
    return size
