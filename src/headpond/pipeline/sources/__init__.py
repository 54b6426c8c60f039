"""Where records come from: one file a format, chosen by the ending of a path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from headpond.errors import InputError
from headpond.pipeline.sources.base import FileSource, Source
from headpond.pipeline.sources.rows import Rows
from headpond.registry import Registry

FORMATS: Registry[FileSource] = Registry(
    "source format",
    "headpond.pipeline.sources.formats",
    FileSource,  # type: ignore[type-abstract]
    group="headpond.sources",
)

Given = str | Path | Iterable[Mapping[str, Any]]


def open_source(given: Given) -> Source:
    """The source behind a path, `-` (JSON lines on standard input), or an iterable of records.

    Raises:
        InputError: the file is missing or a folder, or its ending is not known.
    """
    if isinstance(given, Mapping):
        raise InputError("one record alone is no source", hint="give a list of records: [record]")
    if not isinstance(given, str | Path):
        return Rows(given)
    if str(given) == "-":
        return FORMATS.get("jsonl")(None)
    path = Path(given).expanduser()
    if path.is_dir():
        raise InputError("is a folder, not a file", where=str(path), hint=f"give its files: {path}/*.jsonl")
    if not path.is_file():
        raise InputError("there is no such file", where=str(path))
    return _format(path)(path)


def _format(path: Path) -> type[FileSource]:
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    known: dict[str, type[FileSource]] = {}
    for name in FORMATS:
        kind = FORMATS.get(name)
        known |= dict.fromkeys(kind.endings, kind)
    if plain.suffix.lower() not in known:
        endings = ", ".join(sorted(known))
        raise InputError(
            f"{path.suffix or 'no ending'} is not a format that can be read",
            where=str(path),
            hint=f"known endings: {endings}, each also with .gz",
        )
    return known[plain.suffix.lower()]
