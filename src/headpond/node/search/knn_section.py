"""The `knn` section of a search: the nearest documents of all shards together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from headpond.errors import RestError
from headpond.node.mapping.types.dense_vector import DenseVector
from headpond.node.query._knn_body import MEMBERS, build, problem_of
from headpond.node.query._object import COMMON, read_members
from headpond.node.query.base import Query, checked_boost
from headpond.node.query.knn import Knn
from headpond.node.scoring.join import join
from headpond.node.scoring.match import Match
from headpond.node.scoring.nearest import nearest
from headpond.node.search.inner_hits import InnerHits, InnerQuery
from headpond.node.search.json import AT, Json, MisplacedError
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard


@dataclass(frozen=True, slots=True)
class KnnSection:
    """The `k` nearest documents of all shards; vectors of nested objects stand for the documents that hold them.

    Attributes:
        query: what is near; its boost counts after the choice.
        k: how many.
        inner_hits: how the nested objects are shown that hold the vectors.
    """

    query: Knn
    k: int
    inner_hits: InnerHits | None = None

    def rewrite(self, rewriter: Rewriter) -> KnnSection:
        """The section with its text embedded."""
        query = self.query.rewrite(rewriter)
        return replace(self, query=query) if isinstance(query, Knn) else self

    def filtered(self, filters: Sequence[Query]) -> KnnSection:
        """The section with more filters."""
        return replace(self, query=replace(self.query, filter=(*self.query.filter, *filters))) if filters else self

    def run(self, shards: Sequence[Shard]) -> list[list[Match]]:
        """For each shard, for each of its segments the neighbours among whole documents.

        Raises:
            RestError: 400, the query does not suit the mapping.
        """
        unlimited = replace(self.query, unlimited=True, boost=1.0)
        found: list[Match] = []
        for shard in shards:
            matches = unlimited.run(shard)
            field = shard.field(self.query.body.field)
            path = shard.mapping.nested_path_of(field.path) if field is not None else None
            if path:
                pairs = zip(shard.leaves, matches, strict=True)
                matches = [join(leaf, match, path, "", "max") for leaf, match in pairs]
            found += matches
        kept = iter([match.times(self.query.boost) for match in nearest(found, self.k)])
        return [[next(kept) for _ in shard.leaves] for shard in shards]

    def inner(self, shards: Sequence[Shard]) -> Iterator[InnerQuery]:
        """This section, when its nested objects are to be shown."""
        fields = (shard.field(self.query.body.field) for shard in shards)
        field = next((field for field in fields if isinstance(field, DenseVector)), None)
        path = shards[0].mapping.nested_path_of(field.path) if field is not None else None
        if self.inner_hits is not None and path is not None and field is not None:
            yield InnerQuery(path, self.inner_hits, partial(self.query.candidates, field=field))


def read_knn_sections(source: Json, size: int) -> tuple[KnnSection, ...]:
    """Reads one section or an array of them.

    Args:
        source: the value of `knn`.
        size: hits the search asks for, the default of `k`.

    Raises:
        RestError: 400 for what is malformed.
    """
    sections = []
    for element in source.elements():
        if not element.is_object:
            reason = (
                f"malformed knn format, within the knn search array only objects are allowed; found {element.token}"
            )
            raise MisplacedError("x_content_parse_exception", f"[{AT}] {reason}", element)
        sections.append(_read_section(element, size))
    return tuple(sections)


def _read_section(source: Json, size: int) -> KnnSection:
    values = read_members(source, "knn", {**MEMBERS, **COMMON}, required=["field"])
    problem = problem_of(values, "either [query_vector_builder] or [query_vector] must be provided")
    if problem is not None:
        raise RestError(400, "illegal_argument_exception", problem)
    if "_name" in values:
        values["name"] = values.pop("_name")
    query = Knn(**build(checked_boost("knn", values)))
    return KnnSection(query, query.body.k or size or 10, values.get("inner_hits"))
