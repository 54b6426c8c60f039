"""The lines of a text file, compressed or not, with their numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headpond.errors import InputError
from headpond.pipeline.sources import compression

Numbered = tuple[int, str]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that has been read.

    Attributes:
        path: where it lies.
        lines: without their ends; the first is number 1.
    """

    path: Path
    lines: Sequence[str]

    def error(self, number: int, message: str, hint: str | None = None) -> InputError:
        """An error that names a line."""
        return InputError(message, where=f"{self.path}:{number}", hint=hint)

    @property
    def ending(self) -> str:
        """What the name ends with, without that of its compression, as in `.csv`."""
        compressed = compression.ending(self.path)
        name = self.path.name[: -len(compressed)] if compressed else self.path.name
        return Path(name).suffix.lower()

    def filled(self) -> Iterator[Numbered]:
        """The lines that are not blank, with their numbers."""
        return ((number, line) for number, line in enumerate(self.lines, 1) if line.strip())

    def first(self) -> Numbered:
        """The first line that is not blank.

        Raises:
            InputError: there is none.
        """
        found = next(self.filled(), None)
        if found is None:
            raise InputError("the file is empty", where=str(self.path))
        return found

    def table(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """The rows of a file of separated values, with the numbers of the lines on which they end.

        Raises:
            InputError: quotes are not closed, or a cell is too long.
        """
        reader = csv.reader(io.StringIO("\n".join(self.lines)), delimiter=delimiter, strict=delimiter == ",")
        if delimiter == "\t":  # quotes mean nothing in TREC's and BEIR's files
            reader = csv.reader(self.lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, [cell.strip() for cell in row]
        except csv.Error as error:
            raise self.error(reader.line_num, f"no separated values: {error}") from None


def read(path: str | Path) -> TextFile:
    """Reads a file; `.gz`, `.zst`, `.bz2` and `.xz` are taken apart.

    Raises:
        InputError: it cannot be read, or is not UTF-8 (says where).
        MissingExtraError: its kind of compression needs a package that is not installed.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw, compression.uncompressed(path, raw) as opened:
            data = opened.read()
    except IsADirectoryError:
        raise InputError("is a folder, not a file", where=str(path)) from None
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except compression.errors() as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8", where=f"{path}:{line}", hint="convert it: iconv -f latin1 -t utf-8") from None
    return TextFile(path, text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else [])


def column(header: Sequence[str], names: Mapping[str, Sequence[str]], wanted: str, file: TextFile, line: int) -> int:
    """Which column of a table holds something.

    Args:
        header: the names of the columns.
        names: what the columns may be called, by what they hold.
        wanted: a key of `names`.
        file: for errors.
        line: of the header.

    Raises:
        InputError: no column has one of the names, or several have.
    """
    lower = [name.lower() for name in header]
    found = [name for name in names[wanted] if name in lower]
    if len(found) == 1 and lower.count(found[0]) == 1:
        return lower.index(found[0])
    if found:
        raise file.error(
            line, f"it is not clear which column holds the {wanted}: {', '.join(found)}", "keep one of them"
        )
    hint = f"valid: {', '.join(names[wanted])}"
    raise file.error(line, f"no column holds the {wanted}; the columns are: {', '.join(header) or '(none)'}", hint)
