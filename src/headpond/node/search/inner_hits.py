"""`inner_hits`: which nested objects made a document match."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.query._object import BOOLEANS, NUMBERS, OBJECTS_OR_ARRAYS, SCALARS, TEXTS, Member, read_members
from headpond.node.search.field_pattern import FieldPattern, read_fields
from headpond.node.search.json import Json
from headpond.node.search.sort import SortKey, read_sort
from headpond.node.search.source_filter import EVERYTHING, SourceFilter, read_source

if TYPE_CHECKING:
    from headpond.node.scoring.match import Match
    from headpond.node.search.shard import Shard

MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerHits:
    """How the objects are shown.

    Attributes:
        name: the key in the answer; the nested path when None.
        from_: how many to skip.
        size: how many to show.
        source: which parts of the objects, by full paths.
        sort: keys to order by; by score when there are none.
        fields: patterns of fields to show.
        version: whether the document's version is shown.
    """

    name: str | None = None
    from_: int = 0
    size: int = 3
    source: SourceFilter = EVERYTHING
    sort: tuple[SortKey, ...] = ()
    fields: tuple[FieldPattern, ...] = ()
    version: bool = False


@dataclass(frozen=True, slots=True)
class InnerQuery:
    """A query about nested objects whose matches are to be shown.

    Attributes:
        path: nested path of the objects.
        hits: how they are shown.
        run: what matches among the objects, for each segment.
    """

    path: str
    hits: InnerHits
    run: Callable[[Shard], list[Match]]

    @property
    def key(self) -> str:
        """The key in the answer."""
        return self.hits.name or self.path


def read_inner_hits(source: Json) -> InnerHits:
    """Reads `{"size": 3, "name": "passages", "_source": [...]}`.

    Raises:
        RestError: 400 for what is malformed, 501 for options that are known but missing here.
    """
    values = read_members(source, "inner_hits", _MEMBERS)
    renamed = {"from": "from_", "_source": "source"}
    known = InnerHits.__dataclass_fields__
    read = {renamed.get(name, name): value for name, value in values.items()}
    return InnerHits(**{name: value for name, value in read.items() if name in known})


def checked(queries: Sequence[InnerQuery]) -> list[InnerQuery]:
    """The queries themselves.

    Raises:
        RestError: 400, two have the same key, or a window is too large.
    """
    seen: set[str] = set()
    for query in queries:
        if query.key in seen:
            reason = f"[inner_hits] already contains an entry for key [{query.key}]"
            raise RestError(400, "illegal_argument_exception", reason)
        seen.add(query.key)
        window = query.hits.from_ + query.hits.size
        if window > MOST:
            reason = (
                f"Inner result window is too large, the inner hit definition's [{query.hits.name or 'null'}]'s from + "
                f"size must be less than or equal to: [{MOST}] but was [{window}]. This limit can be set by changing "
                "the [index.max_inner_result_window] index level setting."
            )
            raise RestError(400, "illegal_argument_exception", reason)
    return list(queries)


def object_at(source: dict[str, Any], chain: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The nested object that a chain of paths and positions leads to; {} when it is not there."""
    found: Any = source
    for path, offset in chain:
        items = list(_values(found, path))
        found = items[offset] if offset < len(items) else {}
    return found if isinstance(found, dict) else {}


def described(chain: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The chain as the answer's `_nested` shows it."""
    (path, offset), *rest = chain
    shown: dict[str, Any] = {"field": path, "offset": offset}
    return {**shown, "_nested": described(rest)} if rest else shown


def _values(value: Any, path: str) -> Iterator[Any]:
    if not path:
        yield from value if isinstance(value, list) else [value]
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif isinstance(value, dict):
        for name, member in value.items():
            if path == name or path.startswith(f"{name}."):
                yield from _values(member, path[len(name) + 1 :])


def _at_least_zero(name: str) -> Callable[[Json], int]:
    def read(source: Json) -> int:
        number = source.integer()
        if number < 0:
            reason = f"illegal {name} value, at least 0 or higher"
            raise RestError(400, "illegal_argument_exception", reason)
        return number

    return read


def _missing(name: str) -> Callable[[Json], None]:
    def read(source: Json) -> None:
        raise RestError(501, "not_implemented_exception", f"[{name}] of [inner_hits] is not implemented")

    return read


_ANY = SCALARS | OBJECTS_OR_ARRAYS
_MEMBERS = {
    "name": Member(TEXTS, Json.text),
    "from": Member(NUMBERS, _at_least_zero("from")),
    "size": Member(NUMBERS, _at_least_zero("size")),
    "_source": Member(_ANY, read_source),
    "sort": Member(_ANY, read_sort),
    "fields": Member(frozenset({"START_ARRAY"}), read_fields),
    "version": Member(BOOLEANS, Json.boolean),
    "ignore_unmapped": Member(BOOLEANS, Json.boolean),
    "track_scores": Member(BOOLEANS, Json.boolean),
    **{
        name: Member(_ANY, _missing(name))
        for name in (
            "collapse",
            "docvalue_fields",
            "explain",
            "highlight",
            "script_fields",
            "seq_no_primary_term",
            "stored_fields",
        )
    },
}
