"""CSV and TSV with a header line; every value is a text, an empty one is left out of its record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from headpond.errors import InputError
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.file_source import FileSource

LONGEST = 10_000_000
"""Characters of one value."""


class Csv(FileSource):
    """A table; columns may be named `_id`, and `a.b` for a field of an object."""

    endings = (".csv", ".tsv")

    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The rows; one with more or fewer values than the header is an item with an error.

        Raises:
            InputError: there is no header, or two columns have the same name.
        """
        csv.field_size_limit(LONGEST)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        try:
            yield from self._rows(text)
        finally:
            text.detach()

    def _rows(self, text: TextIO) -> Iterator[Item]:
        reader = csv.reader(text, delimiter="\t" if self.plain_path.suffix.lower() == ".tsv" else ",")
        try:
            header = next(reader, None)
        except csv.Error as error:
            raise InputError(f"the header cannot be read: {error}", where=f"{self.name}:1") from None
        self._check(header)
        assert header is not None
        while True:
            # A value may hold line breaks, so a row begins behind where the last one ended.
            line = reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield Item(line, None, None, f"the row cannot be read: {error}")
                continue
            if row is None:
                return
            if row:
                yield _item(line, header, row)

    def _check(self, header: list[str] | None) -> None:
        where = f"{self.name}:1"
        if not header:
            raise InputError("the file is empty, a CSV file begins with the names of its columns", where=where)
        for name in header:
            if not name.strip():
                raise InputError("a column has no name", where=where)
            if header.count(name) > 1:
                raise InputError(f"two columns are named {name!r}", where=where)


def _item(line: int, header: list[str], row: list[str]) -> Item:
    if len(row) != len(header):
        return Item(line, None, row, f"the row has {len(row)} values, the header names {len(header)} columns")
    document: dict[str, Any] = {name: value for name, value in zip(header, row, strict=True) if value != ""}
    return Item(line, document)
