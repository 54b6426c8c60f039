"""CSV and TSV with a header line; every value is a text, an empty one is left out of its record."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from headpond.errors import InputError
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.file_source import FileSource
from headpond.pipeline.sources.formats._table import Row, rows


class Csv(FileSource):
    """A table; columns may be named `_id`, and `a.b` for a field of an object.

    Values are separated by commas, semicolons, tabs or bars, whatever fits the first lines.
    """

    endings = (".csv", ".tsv")

    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The rows; one with more or fewer values than the header is an item with an error.

        Raises:
            InputError: there is no header, or two columns have the same name.
        """
        # Bytes that are no UTF-8 become lone surrogates, which no text holds otherwise.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            found = rows(text, preferred="\t" if self.plain_path.suffix.lower() == ".tsv" else ",")
            header = self._header(next(found, None))
            for row in found:
                yield _item(row, header)
        finally:
            text.detach()

    def _header(self, row: Row | None) -> list[str]:
        where = f"{self.name}:{row.line if row else 1}"
        if row is None:
            raise InputError("the file is empty, a CSV file begins with the names of its columns", where=where)
        if row.values is None:
            raise InputError(f"the header cannot be read: {row.error}", where=where)
        for name in row.values:
            if not name.strip():
                raise InputError("a column has no name", where=where)
            if row.values.count(name) > 1:
                raise InputError(f"two columns are named {name!r}", where=where)
            if not _is_text(name):
                hint = f"iconv -f ISO-8859-1 -t UTF-8 {self.name} > utf8.csv (or -f UTF-16)"
                raise InputError("the header is not UTF-8", where=where, hint=hint)
        return row.values


def _item(row: Row, header: list[str]) -> Item:
    if row.values is None:
        return Item(row.line, None, _shown(row.text[:1000]), row.error)
    if not _is_text("".join(row.values)):
        return Item(row.line, None, [_shown(value) for value in row.values], "the row is not UTF-8")
    if len(row.values) != len(header):
        reason = f"the row has {len(row.values)} values, the header names {len(header)} columns"
        return Item(row.line, None, row.values, reason)
    document: dict[str, Any] = {name: value for name, value in zip(header, row.values, strict=True) if value != ""}
    return Item(row.line, document)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: str) -> str:
    """With a mark in the place of every byte that is no UTF-8."""
    return value.encode(errors="surrogateescape").decode(errors="replace")
