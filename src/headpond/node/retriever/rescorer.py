"""`rescorer`: scores the best documents of a retriever again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from headpond.errors import RestError
from headpond.node.query._object import OBJECTS, OBJECTS_OR_ARRAYS, Member, failed_build, read_members
from headpond.node.retriever._compound import CompoundRetriever
from headpond.node.retriever._context import Context
from headpond.node.retriever.base import COMMON, LeafRetriever, Retriever, parse_child, renamed
from headpond.node.search.found import Found, Results
from headpond.node.search.json import Json, MisplacedError
from headpond.node.search.rescore import Rescore, read_rescore, window_of
from headpond.node.search.rewriter import Rewriter


@dataclass(frozen=True, kw_only=True)
class Rescorer(CompoundRetriever):
    """Scores the best documents of its child again; its `min_score` does nothing, as in Elasticsearch.

    Attributes:
        rescores: the second scorings.
    """

    type = "rescorer"
    window_name: ClassVar[str] = "window_size"

    rescores: tuple[Rescore, ...]

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"retriever": {...}, "rescore": {"window_size": 50, "query": {...}}}`."""
        members = {
            **COMMON,
            "retriever": Member(OBJECTS, parse_child),
            "rescore": Member(OBJECTS_OR_ARRAYS, _read_rescore),
        }
        try:
            values: dict[str, Any] = renamed(read_members(source, "rescorer", members, ["retriever", "rescore"]))
        except MisplacedError as error:
            raise MisplacedError(
                "parsing_exception", error.reason, error.source, "value", at=error.at, caused_by=error
            ) from None
        except RestError as error:
            if error.status != 400:
                raise
            raise MisplacedError("parsing_exception", error.reason, source, "end", caused_by=error) from None
        values.pop("min_score", None)
        rescores: tuple[Rescore, ...] = values.pop("rescore")
        window = min(rescore.window for rescore in rescores)
        return cls(children=(values.pop("retriever"),), rescores=rescores, rank_window_size=window, **values)

    def rewrite(self, rewriter: Rewriter) -> Retriever:
        """The retriever with its rescorers and its child rewritten."""
        own = replace(self, rescores=tuple(rescore.rewrite(rewriter) for rescore in self.rescores))
        return super(Rescorer, own).rewrite(rewriter)

    def search_child(self, child: Retriever, context: Context) -> Results:
        """The child's documents, rescored."""
        if isinstance(child, LeafRetriever) and child.search().sort:
            reason = "Cannot use [sort] option in conjunction with [rescore]."
            raise RestError(400, "illegal_argument_exception", reason)
        found = child.filtered(self.filter).run(context, window_of(self.rescores))
        hits = found.hits
        for rescore in self.rescores:
            hits = rescore.run(context.shards, hits)
        return replace(found, hits=hits)

    def combine(self, context: Context, legs: Sequence[Results]) -> list[Found]:
        """The child's documents in their new order."""
        return legs[0].hits


def _read_rescore(source: Json) -> tuple[Rescore, ...]:
    rescores = read_rescore(source)
    if not rescores:
        raise failed_build(source, "rescorer", "Missing rescore definition", wrapped=False)
    return rescores
