"""Where records come from: files (a format is one file, chosen by ending), indices, databases, Python."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headpond.errors import InputError
from headpond.pipeline.sources import compression
from headpond.pipeline.sources.async_rows import AsyncRows
from headpond.pipeline.sources.base import Source
from headpond.pipeline.sources.cluster import PREFIX, read_place
from headpond.pipeline.sources.file import File, LocalFile, StandardInput
from headpond.pipeline.sources.file_source import FileSource
from headpond.pipeline.sources.rows import Rows
from headpond.pipeline.sources.sql import SqlSource, is_database
from headpond.registry import Registry

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

FORMATS: Registry[FileSource] = Registry(
    "source format",
    "headpond.pipeline.sources.formats",
    FileSource,  # type: ignore[type-abstract]
    group="headpond.sources",
)

Given = str | Path | Source | Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]]
_GLOB = "*?["


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What some kinds of sources need besides their name.

    Attributes:
        client: of the target, for `index:NAME`.
        source_query: which documents of an index; None for all.
        sql: the rows of a database: a `SELECT` or the name of a table.
        id_field: the field that holds ids; rows of a database are read in its order.
    """

    client: Elasticsearch | None = None
    source_query: Mapping[str, Any] | None = None
    sql: str | None = None
    id_field: str | None = None


_PLAIN = SourceOptions()


def open_sources(given: Sequence[Given], options: SourceOptions = _PLAIN) -> list[Source]:
    """The sources behind what a user gave; a pattern stands for all files that match, in the order of their names.

    Args:
        given: paths, URLs, `index:NAME`, `-` (JSON lines on standard input), iterables of records, or sources.
        options: for those that need them.

    Raises:
        InputError: a file is missing or a folder, or what it holds is not known; an index or a database cannot be read;
            an option concerns none of the sources.
        MissingExtraError: a kind of source needs a package that is not installed.
    """
    opened = [source for one in given for source in _opened(one, options)]
    if options.source_query is not None and not any(isinstance(one, str) and _is_index(one) for one in given):
        raise InputError("a source query is for an index (index:NAME or a cluster's URL), and none is given")
    if options.sql is not None and not any(isinstance(one, str) and is_database(one) for one in given):
        raise InputError("an SQL query is for a database, and none is given", hint="as in sqlite:///file.db")
    return opened


def open_source(given: Given, options: SourceOptions = _PLAIN) -> Source:
    """The one source behind something.

    Raises:
        InputError: as `open_sources`, or a pattern matches several files.
    """
    found = open_sources([given], options)
    if len(found) > 1:
        raise InputError(f"stands for {len(found)} files", where=str(given))
    return found[0]


def _opened(given: Given, options: SourceOptions) -> list[Source]:
    if isinstance(given, Source):
        return [given]
    if isinstance(given, Mapping):
        raise InputError("one record alone is no source", hint="give a list of records: [record]")
    if isinstance(given, AsyncIterable):
        return [AsyncRows(given)]
    if not isinstance(given, str | Path):
        return [Rows(given)]
    text = str(given)
    if text == "-":
        return [FORMATS.get("jsonl")(StandardInput())]
    if isinstance(given, str) and _is_index(text):
        return [_index(text, options)]
    if isinstance(given, str) and is_database(text):
        return [SqlSource(text, options.sql, id_field=options.id_field)]
    if isinstance(given, str) and "://" in text:
        from headpond.pipeline.sources.remote import remote_files

        return [_format(file) for file in remote_files(text)]
    return [_format(LocalFile(path)) for path in _local(Path(given).expanduser())]


def _is_index(given: str) -> bool:
    """Whether an index is meant: `index:` says so; an address of the web is one unless its end is that of a file."""
    if given.startswith(PREFIX):
        return True
    if not given.startswith(("http://", "https://")):
        return False
    path = PurePosixPath(urlsplit(given).path)
    plain = path.with_suffix("") if compression.ending(path) else path
    return plain.suffix.lower() not in known_endings()


def _index(given: str, options: SourceOptions) -> Source:
    from headpond.pipeline.sources.index import IndexSource

    place, auth = read_place(given)
    if place.url is None and options.client is None:
        raise InputError("there is no target whose index this could be", where=given)
    client = options.client if place.url is None else None
    source = IndexSource(place, client, auth=auth, query=options.source_query)
    source.check()
    return source


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
