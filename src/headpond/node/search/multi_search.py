"""The lines of `_msearch`: a header and a body for each search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.inference.invalid import validation_failed
from headpond.node.call import illegal_argument
from headpond.node.search.json import Json, MisplacedError, read_json
from headpond.node.search.request import SearchRequest, parse_search

_IGNORED = frozenset(
    {"search_type", "preference", "routing", "request_cache", "expand_wildcards", "ccs_minimize_roundtrips"}
)


@dataclass(frozen=True, slots=True)
class Header:
    """Where one search of several looks.

    Attributes:
        index: names with commas, None for those of the path.
        ignore_unavailable: whether missing indices are left out.
        allow_no_indices: whether a pattern may match nothing.
    """

    index: str | None = None
    ignore_unavailable: bool = False
    allow_no_indices: bool = True


def parse_lines(body: bytes) -> list[tuple[Header, SearchRequest]]:
    """Reads all searches of the body.

    Raises:
        RestError: 400, a line is malformed; then none of the searches is run, as in Elasticsearch.
    """
    if not body:
        raise RestError(400, "parse_exception", "request body or source parameter is required")
    if not body.strip():
        raise validation_failed(["no requests added"])
    if not body.endswith(b"\n"):
        raise illegal_argument("The msearch request must be terminated by a newline [\n]")
    lines = _lines(body)
    searches = [(_header(header), _search(next(lines, b""))) for header in lines]
    if not searches or (len(searches) == 1 and searches[0][1] is None):
        raise validation_failed(["no requests added"])
    return [(header, request or SearchRequest()) for header, request in searches]


def _lines(body: bytes) -> Iterator[bytes]:
    yield from body[:-1].split(b"\n")


def _header(line: bytes) -> Header:
    values = read_json(line).value if line.strip() else {}
    if not isinstance(values, dict):
        raise illegal_argument(f"malformed multi search header: [{line.decode('utf-8', 'replace')}]")
    read: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("index", "indices"):
            read["index"] = ",".join(value) if isinstance(value, list) else value
        elif name in ("ignore_unavailable", "allow_no_indices"):
            read[name] = Json(value).boolean()
        elif name not in _IGNORED:
            raise illegal_argument(f"key [{name}] is not supported in the metadata section")
    return Header(**read)


def _search(line: bytes) -> SearchRequest | None:
    if not line.strip():
        return None
    try:
        return parse_search(read_json(line))
    except MisplacedError as error:
        raise error.located(line) from None
