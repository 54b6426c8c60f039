"""Where records come from: files (a format is one file, chosen by ending), indices, databases, Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headpond.errors import InputError
from headpond.pipeline.sources import compression
from headpond.pipeline.sources.base import Source
from headpond.pipeline.sources.file import File, LocalFile, StandardInput
from headpond.pipeline.sources.file_source import FileSource
from headpond.pipeline.sources.rows import Rows
from headpond.registry import Registry

FORMATS: Registry[FileSource] = Registry(
    "source format",
    "headpond.pipeline.sources.formats",
    FileSource,  # type: ignore[type-abstract]
    group="headpond.sources",
)

Given = str | Path | Source | Iterable[Mapping[str, Any]]
_GLOB = "*?["


def open_sources(given: Sequence[Given]) -> list[Source]:
    """The sources behind what a user gave; a pattern stands for all files that match, in the order of their names.

    Raises:
        InputError: a file is missing or a folder, or what it holds is not known.
        MissingExtraError: a kind of source needs a package that is not installed.
    """
    return [source for one in given for source in _opened(one)]


def open_source(given: Given) -> Source:
    """The one source behind a path, a URL, `-` (JSON lines on standard input), or an iterable of records.

    Raises:
        InputError: as `open_sources`, or a pattern matches several files.
    """
    found = open_sources([given])
    if len(found) > 1:
        raise InputError(f"stands for {len(found)} files", where=str(given))
    return found[0]


def _opened(given: Given) -> list[Source]:
    if isinstance(given, Source):
        return [given]
    if isinstance(given, Mapping):
        raise InputError("one record alone is no source", hint="give a list of records: [record]")
    if not isinstance(given, str | Path):
        return [Rows(given)]
    text = str(given)
    if text == "-":
        return [FORMATS.get("jsonl")(StandardInput())]
    if isinstance(given, str) and "://" in text:
        from headpond.pipeline.sources.remote import remote_files

        return [_format(file) for file in remote_files(text)]
    return [_format(LocalFile(path)) for path in _local(Path(given).expanduser())]


def _local(path: Path) -> list[Path]:
    if path.is_dir():
        raise InputError("is a folder, not a file", where=str(path), hint=f"give its files: {path}/*.jsonl")
    if path.is_file():
        return [path]
    if not any(sign in str(path) for sign in _GLOB):
        raise InputError("there is no such file", where=str(path))
    anchor = Path(path.anchor)
    found = sorted(one for one in anchor.glob(str(path.relative_to(anchor))) if one.is_file())
    if not found:
        raise InputError("no file matches", where=str(path))
    return found


def _format(file: File) -> FileSource:
    compressed = compression.ending(file.path)
    plain = file.path.with_suffix("") if compressed else file.path
    known = known_endings()
    kind = known.get(plain.suffix.lower())
    if kind is None:
        endings = ", ".join(sorted(known))
        raise InputError(
            f"{file.path.suffix or 'no ending'} is not a format that can be read",
            where=file.name,
            hint=f"known endings: {endings}, each also with {', '.join(compression.ENDINGS)}",
        )
    if compressed and not kind.compressible:
        raise InputError(
            f"a {plain.suffix} file is compressed inside, not as a whole",
            where=file.name,
            hint=f"unpack it first, so that its name ends with {plain.suffix}",
        )
    return kind(file)


def known_endings() -> dict[str, type[FileSource]]:
    """The formats by the endings of their files."""
    known: dict[str, type[FileSource]] = {}
    for name in FORMATS:
        kind = FORMATS.get(name)
        known |= dict.fromkeys(kind.endings, kind)
    return known
