"""Records in a file: what all formats have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from headpond.errors import HeadpondError, InputError
from headpond.pipeline.sources import compression
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.file import File

_CHUNK = 1 << 20


class FileSource(Source):
    """A file of some format, also compressed, local or remote, or standard input.

    Args:
        file: the bytes.

    Attributes:
        endings: file name endings of the format, without those of compression.
        compressible: whether files of the format may be compressed as a whole.
    """

    endings: ClassVar[tuple[str, ...]]
    compressible: ClassVar[bool] = True

    def __init__(self, file: File) -> None:
        self._file = file
        self.name = file.name
        self._raw: BinaryIO | None = None

    @property
    def plain_path(self) -> PurePath:
        """The path without the ending of its compression."""
        path = self._file.path
        return path.with_suffix("") if compression.ending(path) else path

    @property
    def plain_size(self) -> int | None:
        """Bytes of a file in which every offset can be jumped to; None for others."""
        return None

    def items(self) -> Iterator[Item]:
        """Opens the file and parses it.

        Raises:
            InputError: the file cannot be opened, or reading fails midway.
        """
        return self._read(None, None)

    def items_after(self, line: int, position: Any) -> Iterator[Item]:
        """Opens the file and goes on behind an item.

        Raises:
            InputError: as `items`.
        """
        return self._read(line, position)

    def fraction(self) -> float | None:
        """Bytes read (of a compressed file the compressed ones) over its size."""
        if self._raw is None or self._raw.closed or not self._file.size:
            return None
        return min(1.0, self._raw.tell() / self._file.size)

    def identity(self) -> dict[str, Any] | None:
        """See `File.identity`."""
        return self._file.identity()

    @abstractmethod
    def parse(self, file: BinaryIO) -> Iterator[Item]:
        """The records in the bytes of a file."""

    def parse_after(self, file: BinaryIO, line: int, position: Any) -> Iterator[Item]:
        """The records behind one; a format that cannot jump parses the earlier ones again."""
        return (item for item in self.parse(file) if item.line > line)

    def _read(self, after: int | None, position: Any) -> Iterator[Item]:
        line = after or 0
        try:
            with self._open() as file:
                items = self.parse(file) if after is None else self.parse_after(file, after, position)
                try:
                    for item in items:
                        line = item.line
                        yield item
                finally:
                    # A parser that is left midway has to let go of the file before the file is closed.
                    if isinstance(items, Generator):
                        items.close()
        except HeadpondError:
            raise
        except compression.errors() as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise InputError(f"cannot be read on: {reason}", where=f"{self.name}:{line + 1}") from None

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        with closing(self._file.open()) as raw:
            self._raw = raw
            with closing(compression.uncompressed(self._file.path, raw)) as file:
                yield file


def go_to(file: BinaryIO, offset: int) -> None:
    """Moves to a byte of a file that was opened just now; what cannot jump is read up to it."""
    if file.seekable():
        file.seek(offset)
        return
    while offset > 0 and (read := file.read(min(offset, _CHUNK))):
        offset -= len(read)
