"""Compressed files, by their ending."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import PurePath
from typing import BinaryIO, cast

from headpond.errors import MissingExtraError


def _zstd(raw: BinaryIO) -> BinaryIO:
    """Reads several frames one after the other, and says when the last one is cut off."""
    try:
        from compression.zstd import ZstdError, ZstdFile  # Python 3.14
    except ImportError:
        try:
            from backports.zstd import ZstdError, ZstdFile
        except ImportError:
            raise MissingExtraError("reading .zst files", "zstd", "backports.zstd") from None
    if ZstdError not in _ERRORS:
        _ERRORS.append(ZstdError)
    return cast(BinaryIO, ZstdFile(raw))


_OPENERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    ".gz": lambda raw: cast(BinaryIO, gzip.GzipFile(fileobj=raw)),
    ".zst": _zstd,
    ".bz2": lambda raw: cast(BinaryIO, bz2.BZ2File(raw)),
    ".xz": lambda raw: cast(BinaryIO, lzma.LZMAFile(raw)),  # noqa: SIM115 (the caller closes it)
}

ENDINGS = tuple(_OPENERS)
"""What a compressed file's name ends with."""

_ERRORS: list[type[Exception]] = [OSError, EOFError, zlib.error, lzma.LZMAError]


def errors() -> tuple[type[Exception], ...]:
    """What reading a file raises, broken archives included."""
    return tuple(_ERRORS)


def ending(path: PurePath) -> str:
    """The ending that says how a file is compressed; "" when it is not."""
    return path.suffix.lower() if path.suffix.lower() in _OPENERS else ""


_STARTS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz"}
"""How compressed data begins: RFC 1952, RFC 8878, bzip2's and xz's formats."""


def kind(start: bytes) -> str | None:
    """The ending that a file with these first bytes should have; None when they are not compressed.

    Args:
        start: the beginning of the file, or its first line.
    """
    return next((ending for magic, ending in _STARTS.items() if start.startswith(magic)), None)


def uncompressed(path: PurePath, raw: BinaryIO) -> BinaryIO:
    """The bytes in a file; the file itself when it is not compressed. Closing one does not close the other.

    Raises:
        MissingExtraError: its kind of compression needs a package that is not installed.
    """
    opener = _OPENERS.get(ending(path))
    return opener(raw) if opener is not None else raw
