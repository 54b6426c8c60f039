"""A `_search` request: body and query parameters, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headpond.errors import RestError
from headpond.inference.duration import parse_duration
from headpond.inference.invalid import validation_failed
from headpond.node.aggregation.base import Aggregation, parse_aggregations
from headpond.node.query._knn_body import MOST_CANDIDATES
from headpond.node.query.base import Query, parse_query
from headpond.node.retriever._compound import CompoundRetriever
from headpond.node.retriever.base import Retriever, parse_retriever
from headpond.node.search.collapse import Collapse, read_collapse
from headpond.node.search.field_pattern import FieldPattern, read_fields
from headpond.node.search.json import Json
from headpond.node.search.knn_section import KnnSection, read_knn_sections
from headpond.node.search.leaf_search import LeafSearch
from headpond.node.search.points_in_time import PitReference, read_pit
from headpond.node.search.rescore import Rescore, read_rescore
from headpond.node.search.sliced import Slice, read_slice
from headpond.node.search.sort import SortKey, read_sort
from headpond.node.search.source_filter import SourceFilter, read_source

DEFAULT_SIZE = 10
TRACKED = 10_000
"""Up to how many hits the total is exact unless the request says otherwise."""

_OBJECT, _ARRAY = "START_OBJECT", "START_ARRAY"
_SCALARS = ("VALUE_STRING", "VALUE_NUMBER", "VALUE_BOOLEAN")


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """What a search asks for; see Elasticsearch's search API for the members.

    Attributes:
        track_total_hits: up to how many hits are counted exactly; True for all, False for no total.
        fields: patterns of fields to show.
        docvalue_fields: patterns of fields to show out of their columns.
        stored_fields: whether `_id` and `_source` are shown; `_none_` turns both off, a list turns the source off.
        indices_boost: factors of scores by index.
        pit: the point in time to search in.
        part: the part of the documents to look at (`slice`).
        aggs: the aggregations.
        typed_keys: whether their names in the answer begin with their types.
        timeout: seconds after which further indices are left out of the answer, -1 for no end.
    """

    query: Query | None = None
    knn: tuple[KnnSection, ...] = ()
    retriever: Retriever | None = None
    from_: int = 0
    size: int = DEFAULT_SIZE
    sort: tuple[SortKey, ...] = ()
    search_after: tuple[Any, ...] | None = None
    source: SourceFilter | None = None
    fields: tuple[FieldPattern, ...] = ()
    docvalue_fields: tuple[FieldPattern, ...] = ()
    stored_fields: str | None = None
    track_total_hits: bool | int = TRACKED
    track_scores: bool = False
    min_score: float | None = None
    post_filter: Query | None = None
    version: bool = False
    seq_no_primary_term: bool = False
    rescore: tuple[Rescore, ...] = ()
    terminate_after: int = 0
    indices_boost: dict[str, float] = field(default_factory=dict)
    pit: PitReference | None = None
    part: Slice | None = None
    timeout: float = -1
    collapse: Collapse | None = None
    aggs: tuple[Aggregation, ...] = ()
    typed_keys: bool = False
    given: frozenset[str] = frozenset()

    def updated(self, **values: Any) -> SearchRequest:
        """The request with other values, as query parameters give them."""
        return replace(self, given=self.given | values.keys(), **values)

    @property
    def hits_wanted(self) -> int:
        """How many hits come back; without `size` a compound retriever gives its whole window."""
        if "size" not in self.given and isinstance(self.retriever, CompoundRetriever):
            return max(self.retriever.rank_window_size, 0)
        return self.size

    def leaf(self) -> LeafSearch:
        """The search without retriever."""
        return LeafSearch(
            query=self.query,
            knn=self.knn,
            post_filter=self.post_filter,
            min_score=self.min_score,
            sort=self._order(),
            search_after=self.search_after,
            track_scores=self.track_scores,
            rescores=self.rescore,
            terminate_after=self.terminate_after,
            part=self.part,
            collapse=self.collapse,
        )

    def _order(self) -> tuple[SortKey, ...]:
        """The sort keys; in a point in time the place of a document breaks ties, unless `search_after` has none."""
        if self.pit is not None and not self.sort and "sort" in self.given:
            return (SortKey("_score", descending=True), SortKey("_shard_doc"))
        if self.pit is None or not self.sort or any(key.field == "_shard_doc" for key in self.sort):
            return self.sort
        if self.search_after is not None and len(self.search_after) == len(self.sort):
            return self.sort
        return (*self.sort, SortKey("_shard_doc"))

    def check(self) -> None:
        """Checks the members against each other.

        Raises:
            RestError: 400 `action_request_validation_exception` with all that is wrong.
        """
        problems = []
        if self.retriever is not None:
            knn, after = "knn" in self.given, "search_after" in self.given
            clashing = [
                name
                for name, clashes in (
                    ("query", "query" in self.given),
                    ("knn", knn),
                    ("search_after", after),
                    ("terminate_after", "terminate_after" in self.given),
                    ("sort", "sort" in self.given),
                    ("rescore", "rescore" in self.given),
                )
                if clashes
            ]
            if clashing:
                problems.append(f"cannot specify [retriever] and [{', '.join(clashing)}]")
            problems += self.retriever.problems(self.size if "size" in self.given else 0)
        if self.part is not None and self.pit is None:
            problems.append("[slice] can only be used with [scroll] or [point-in-time] requests")
        if self.part is not None and self.retriever is not None:
            raise _missing("[slice] beside [retriever]")
        if self.collapse is not None and isinstance(self.retriever, CompoundRetriever):
            raise _missing(f"[collapse] beside the retriever [{self.retriever.type}]")
        least = self.min_score is not None or (self.retriever is not None and self.retriever.has_min_score)
        if self.aggs and least and isinstance(self.retriever, CompoundRetriever):
            raise _missing(f"[aggs] beside the retriever [{self.retriever.type}] and [min_score]")
        if self.search_after is not None and self.from_ > 0:
            problems.append("[from] parameter must be set to 0 when [search_after] is used")
        if problems:
            raise validation_failed(problems)
        if self.retriever is not None:
            self.retriever.check()


def parse_search(source: Json) -> SearchRequest:
    """Reads the body of a search.

    Raises:
        RestError: 400 for what Elasticsearch does not know, 501 for what is known but missing here.
    """
    if not source.is_object:
        raise source.parsing_error(f"Expected [START_OBJECT] but found [{source.token}]")
    values: dict[str, Any] = {}
    knn: Json | None = None
    for name, value in source.members():
        entry = _MEMBERS.get(name)
        if entry is None or value.token not in entry[0]:
            raise value.parsing_error(f"Unknown key for a {value.token} in [{name}].")
        if name == "knn":
            knn = value
        else:
            read = entry[1](value)
            if read is not _NOTHING:
                values[_RENAMED.get(name, name)] = read
    if knn is not None:
        values["knn"] = read_knn_sections(knn, min(values.get("size", DEFAULT_SIZE), MOST_CANDIDATES))
    return SearchRequest(given=frozenset(values), **values)


_NOTHING = object()
_RENAMED = {"aggregations": "aggs", "from": "from_", "_source": "source", "slice": "part"}


def read_size(value: int) -> int:
    """The size itself.

    Raises:
        RestError: 400, it is negative.
    """
    if value < 0:
        reason = f"[size] parameter cannot be negative, found [{value}]"
        raise RestError(400, "illegal_argument_exception", reason)
    return value


def read_from(value: int) -> int:
    """The start itself.

    Raises:
        RestError: 400, it is negative.
    """
    if value < 0:
        reason = f"[from] parameter cannot be negative but was [{value}]"
        raise RestError(400, "illegal_argument_exception", reason)
    return value


def read_total(source: Json) -> bool | int:
    """Reads `track_total_hits`: a boolean or a number.

    Raises:
        RestError: 400 for anything else.
    """
    if source.value is True or source.value == "true":  # 1 is a number
        return True
    if source.value in (False, "false"):
        return False
    number = source.integer()
    if number == -1:
        return False
    if number < -1:
        reason = f"[track_total_hits] parameter must be positive or equals to -1, got {number}"
        raise RestError(400, "illegal_argument_exception", reason)
    return number


def _read_stored(source: Json) -> str:
    names = [element.text() for element in source.elements()]
    return "_none_" if "_none_" in names else ",".join(names)


def _read_boosts(source: Json) -> dict[str, float]:
    boosts: dict[str, float] = {}
    for element in source.elements():
        if not element.is_object:
            raise element.parsing_error(f"Expected [START_OBJECT] in [indices_boost] but found [{element.token}]")
        boosts |= {name: value.decimal() for name, value in element.members()}
    return boosts


def read_timeout(source: Json) -> float:
    """Reads `timeout`: seconds, -1 for none.

    Raises:
        RestError: 400, it is no time.
    """
    try:
        return parse_duration(source.text(), "timeout")
    except ValueError as error:
        raise RestError(400, "illegal_argument_exception", str(error)) from None


def _ignored(source: Json) -> object:
    return _NOTHING


def _unless_empty(name: str) -> Callable[[Json], object]:
    def read(source: Json) -> object:
        if source.value:
            raise _missing(f"[{name}]")
        return _NOTHING

    return read


def _refused(name: str) -> Callable[[Json], object]:
    def read(source: Json) -> object:
        raise _missing(f"[{name}]")

    return read


def _unless_false(name: str) -> Callable[[Json], object]:
    def read(source: Json) -> object:
        if source.boolean():
            raise _missing(f"[{name}]")
        return _NOTHING

    return read


def _missing(what: str) -> RestError:
    return RestError(501, "not_implemented_exception", f"{what} is not implemented")


_Entry = tuple[Sequence[str], Callable[[Json], Any]]
_NUMBERS = ("VALUE_NUMBER", "VALUE_STRING", "VALUE_BOOLEAN")

_MEMBERS: dict[str, _Entry] = {
    "query": ((_OBJECT,), parse_query),
    "knn": ((_OBJECT, _ARRAY), _ignored),
    "retriever": ((_OBJECT,), parse_retriever),
    "from": (_NUMBERS, lambda source: read_from(source.integer())),
    "size": (_NUMBERS, lambda source: read_size(source.integer())),
    "sort": ((_OBJECT, _ARRAY, *_SCALARS), read_sort),
    "search_after": ((_ARRAY,), lambda source: tuple(source.value)),
    "_source": ((*_SCALARS, _OBJECT, _ARRAY), read_source),
    "fields": ((_ARRAY,), read_fields),
    "docvalue_fields": ((_ARRAY,), read_fields),
    "stored_fields": ((_ARRAY, "VALUE_STRING"), _read_stored),
    "track_total_hits": (_SCALARS, read_total),
    "track_scores": (_SCALARS, Json.boolean),
    "min_score": (_NUMBERS, Json.decimal),
    "post_filter": ((_OBJECT,), parse_query),
    "version": (_SCALARS, Json.boolean),
    "seq_no_primary_term": (_SCALARS, Json.boolean),
    "rescore": ((_OBJECT, _ARRAY), read_rescore),
    "terminate_after": (_NUMBERS, Json.integer),
    "indices_boost": ((_ARRAY,), _read_boosts),
    "timeout": (_SCALARS, read_timeout),
    "stats": ((_ARRAY,), _ignored),
    "ext": ((_OBJECT,), _unless_empty("ext")),
    "explain": (_SCALARS, _unless_false("explain")),
    "profile": (_SCALARS, _unless_false("profile")),
    "include_named_queries_score": (_SCALARS, _unless_false("include_named_queries_score")),
    "highlight": ((_OBJECT,), _refused("highlight")),
    "aggs": ((_OBJECT,), parse_aggregations),
    "aggregations": ((_OBJECT,), parse_aggregations),
    "collapse": ((_OBJECT,), read_collapse),
    "suggest": ((_OBJECT,), _unless_empty("suggest")),
    "script_fields": ((_OBJECT,), _unless_empty("script_fields")),
    "runtime_mappings": ((_OBJECT,), _unless_empty("runtime_mappings")),
    "pit": ((_OBJECT,), read_pit),
    "slice": ((_OBJECT,), read_slice),
    "rank": ((_OBJECT,), _refused("rank")),
    "sub_searches": ((_ARRAY,), _unless_empty("sub_searches")),
}
