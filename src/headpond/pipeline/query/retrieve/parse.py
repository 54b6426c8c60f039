"""Reads a retriever of a body into a tree, checked as Elasticsearch checks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headpond.errors import PipelineError
from headpond.pipeline.query.retrieve import options as given_options
from headpond.pipeline.query.retrieve.field_groups import FieldGroups, lexical, queried
from headpond.pipeline.query.retrieve.tree import (
    Fusion,
    Leaf,
    Node,
    Pinned,
    Reranker,
    Rescorer,
    Tree,
    inner,
    is_compound,
)
from headpond.ranking import Normalizer
from headpond.stages.filter import with_filter
from headpond.stages.options import validate
from headpond.stages.where import Where

Filter = dict[str, Any]
MOST_RERANKED = 1000
"""Hits that are reranked at most; the others keep their places behind."""

NOT_BELOW = ("search_after", "terminate_after")
"""Options of `standard` that only the top of a search may have."""


def parse(retriever: Any, where: Where, window: int, groups: FieldGroups | None = None) -> Tree:
    """The tree of a retriever.

    Args:
        retriever: `{name: options}`.
        where: its place, for errors.
        window: hits that are asked of it.
        groups: of the fields of the index, for `query` and `fields`; without them every field is a lexical one.

    Raises:
        PipelineError: options are wrong, or a retriever cannot be computed on the client.
    """
    return _Reader(groups or FieldGroups()).read(retriever, where, window, ())


@dataclass(frozen=True, slots=True)
class _Reader:
    groups: FieldGroups = field(default_factory=FieldGroups)

    def read(self, retriever: Any, where: Where, window: int, filters: tuple[Filter, ...]) -> Tree:
        if not isinstance(retriever, dict) or len(retriever) != 1:
            raise where.error("a retriever is one name with its options, as in {standard: {query: ...}}")
        kind, options = next(iter(retriever.items()))
        place = where.at(kind)
        if kind == "rrf":
            return self._rrf(options, place, filters)
        if kind == "linear":
            return self._linear(options, place, filters)
        if kind == "text_similarity_reranker":
            return self._reranker(options, place, filters)
        if kind == "pinned":
            return self._pinned(options, place, filters)
        if kind == "rescorer" and is_compound(inner(options)):
            return self._rescorer(options, place, filters)
        below = inner(options)
        if below is not None and is_compound(below):
            raise place.error(f"[{kind}] around [{next(iter(below))}] cannot be computed on the client (501)")
        body = {"retriever": {kind: options}}
        for query in filters:
            body = with_filter(body, query)
        return Leaf(body["retriever"], place.path, window)

    def _child(self, retriever: Any, where: Where, above: str, window: int, filters: tuple[Filter, ...]) -> Tree:
        """A child of a compound retriever."""
        tree = self.read(retriever, where, window, filters)
        if isinstance(tree, Node) and tree.window < window:
            name = "window_size" if tree.kind == "rescorer" else "rank_window_size"
            raise where.error(
                f"[{above}] requires [{_window_name(above)}: {window}] to be smaller than or equal to its sub "
                f"retriever's {tree.kind} [{name}: {tree.window}]",
                hint=f"raise {name} of the inner one",
            )
        if isinstance(tree, Leaf):
            for name in NOT_BELOW:
                if tree.options.get(name):
                    raise where.error(f"[{name}] cannot be used in children of compound retrievers")
        return tree

    def _rrf(self, given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
        options = validate(given_options.Rrf, given, where)
        _check_form(options, where)
        below = (*filters, *options.filter)
        window = options.rank_window_size
        if options.query is not None:
            return self._by_fields("rrf", options, None, where, below)
        children, weights = [], []
        for index, item in enumerate(options.retrievers or []):
            place, weight = where.at("retrievers", index), 1.0
            if "retriever" in item:
                component = validate(given_options.Component, item, place)
                item, weight, place = component.retriever, component.weight, place.at("retriever")
            children.append(self._child(item, place, "rrf", window, below))
            weights.append(weight)
        return Fusion(
            kind="rrf", name=where.path, window=window, children=tuple(children), weights=tuple(weights),
            min_score=options.min_score, label=options.label, rank_constant=options.rank_constant,
        )  # fmt: skip

    def _linear(self, given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
        options = validate(given_options.Linear, given, where)
        _check_form(options, where)
        below = (*filters, *options.filter)
        if options.query is not None:
            if options.normalizer is None:
                raise where.error("[linear] [normalizer] must be provided when [query] is specified")
            return self._by_fields("linear", options, options.normalizer, where, below)
        window, given_children = options.rank_window_size, options.retrievers or []
        children = tuple(
            self._child(item.retriever, where.at("retrievers", index, "retriever"), "linear", window, below)
            for index, item in enumerate(given_children)
        )
        return Fusion(
            kind="linear", name=where.path, window=window, children=children, min_score=options.min_score,
            weights=tuple(item.weight for item in given_children), label=options.label,
            normalizers=tuple(item.normalizer or options.normalizer or "none" for item in given_children),
        )  # fmt: skip

    def _by_fields(
        self, kind: str, options: Any, normalizer: Normalizer | None, where: Where, filters: tuple[Filter, ...]
    ) -> Node:
        """The form with `query` and `fields`: one leg for all lexical fields, one for all semantic ones.

        Source: "Multi-field query format" in Elasticsearch's reference of retrievers.
        """
        window = options.rank_window_size
        try:
            words, semantic = queried(options.fields, self.groups)
        except ValueError as error:
            raise where.at("fields").error(f"[{kind}] {error}") from None
        constant = options.rank_constant if kind == "rrf" else given_options.Rrf.model_fields["rank_constant"].default

        def fusion(name: str, children: tuple[Tree, ...], weights: tuple[float, ...], **more: Any) -> Fusion:
            return Fusion(
                kind=kind, name=name, window=window, children=children, weights=weights, rank_constant=constant,
                normalizers=(normalizer or "none",) * len(children), **more,
            )  # fmt: skip

        children: list[Tree] = []
        if words:
            children.append(self.read(lexical(options.query, words), where.at("lexical"), window, filters))
        if semantic:
            place = where.at("semantic")
            legs = tuple(
                self.read({"standard": {"query": {"match": {name: options.query}}}}, place.at(name), window, filters)
                for name in semantic
            )
            children.append(fusion(place.path, legs, tuple(semantic.values())))
        return fusion(
            where.path, tuple(children), (1.0,) * len(children), min_score=options.min_score, label=options.label
        )

    def _reranker(self, given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
        options = validate(given_options.Reranker, given, where)
        window, kind = options.rank_window_size, "text_similarity_reranker"
        child = self._child(options.retriever, where.at("retriever"), kind, window, (*filters, *options.filter))
        wanted = {
            "inference_id": options.inference_id,
            "field": options.field,
            "window": min(window, MOST_RERANKED),
            "chunk_rescorer": options.chunk_rescorer,
        }
        return Reranker(
            kind=kind, name=where.path, window=window, children=(child,), min_score=options.min_score,
            label=options.label, text=options.inference_text, options=wanted,
        )  # fmt: skip

    def _rescorer(self, given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
        options = validate(given_options.Rescorer, given, where)
        window = min(rescore.window_size for rescore in options.rescore)
        child = self._child(options.retriever, where.at("retriever"), "rescorer", window, (*filters, *options.filter))
        return Rescorer(
            kind="rescorer", name=where.path, window=window, children=(child,), label=options.label,
            rescores=tuple(options.rescore),
        )  # fmt: skip

    def _pinned(self, given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
        options = validate(given_options.Pinned, given, where)
        if options.ids is not None and options.docs is not None:
            raise where.error("Both 'ids' and 'docs' cannot be specified at the same time")
        if options.ids is None and options.docs is None:
            raise where.error("Either 'ids' or 'docs' must be provided and non-empty for pinned retriever")
        documents = options.docs or [
            given_options.PinnedDocument.model_validate({"_id": id}) for id in options.ids or []
        ]
        for at, document in enumerate(documents):
            if document in documents[:at]:
                raise where.error(f"[pinned] duplicate id found in list: {document.id}")
        window = options.rank_window_size
        # Filters choose among what is searched; pinned documents are there whatever they match.
        child = self._child(options.retriever, where.at("retriever"), "pinned", window, (*filters, *options.filter))
        return Pinned(
            kind="pinned", name=where.path, window=window, children=(child,), min_score=options.min_score,
            label=options.label, documents=tuple(documents),
        )  # fmt: skip


def _check_form(options: given_options.Rrf | given_options.Linear, where: Where) -> None:
    """Either children or a query with fields.

    Raises:
        PipelineError: both, or none, in Elasticsearch's words.
    """
    kind = where.keys[-1]
    message = None
    if options.query is not None and options.retrievers is not None:
        message = f"[{kind}] cannot combine [retrievers] and [query]"
    elif options.query is None and options.fields is not None:
        message = f"[{kind}] [query] must be provided when [fields] is specified"
    elif options.query is None and options.retrievers is None:
        message = f"[{kind}] must provide [retrievers] or [query]"
    if message:
        raise PipelineError(message, where=str(where) or None)


def _window_name(kind: str) -> str:
    return "window_size" if kind == "rescorer" else "rank_window_size"
