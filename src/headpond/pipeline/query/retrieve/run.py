"""Runs a retriever tree: all leaves in one `_msearch`, the rest on the client, with Elasticsearch's formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from headpond import ranking
from headpond.errors import TargetError
from headpond.pipeline.query.retrieve.legs import Key, Legs, Pairs, mark
from headpond.pipeline.query.retrieve.pinned import ask_for, pinned
from headpond.pipeline.query.retrieve.rescore import rescored
from headpond.pipeline.query.retrieve.tree import Fusion, Leaf, Node, Pinned, Reranker, Rescorer, Tree, nodes
from headpond.pipeline.query.searches import Answer, Body
from headpond.stages.degraded import Degraded
from headpond.stages.response._rerank_spec import RerankSpec
from headpond.stages.response.base import Results, as_json
from headpond.stages.response.rerank import Rerank

DEADLINE = "10s"
"""How long a `text_similarity_reranker` may take; Elasticsearch's default for inference in queries."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a leaf or a node found.

    Attributes:
        tree: which one.
        pairs: its hits, best first.
        below: what it was computed from, one for each child; None for a child that could not be run.
        fusion: `rrf` and `linear` only; its legs are those of `below` that could be run.
    """

    tree: Tree
    pairs: Pairs
    below: tuple[Ranked | None, ...] = ()
    fusion: ranking.Fusion[Key] | None = None


@dataclass(slots=True)
class Run:
    """One execution of a tree.

    Attributes:
        legs: asks the target.
        pins: the pinned documents that are there, by the name of their node, as `(document, hit)`.
        degraded: rerankers and rescorers that could not do their work; see `Legs.degraded` for the leaves.
    """

    legs: Legs
    pins: dict[str, list[Key]] = field(default_factory=dict)
    degraded: list[Degraded] = field(default_factory=list)

    def send(self, tree: Tree, leaves: Sequence[Leaf], others: Sequence[Body] = ()) -> list[Answer]:
        """The answers of the target to all that the tree needs, and to other searches.

        Args:
            tree: what to compute.
            leaves: its leaves, those that can be run, without texts to embed.
            others: further searches.

        Raises:
            ApiError, TransportError: the target failed altogether.
        """
        pins = [self.legs.body(ask_for(node.documents, self.legs.context.shared)) for node in _pinning(tree)]
        return self.legs.send(leaves, [*pins, *others])

    def rank(self, tree: Tree, leaves: Sequence[Leaf], answers: Sequence[Answer]) -> tuple[Ranked, Sequence[Answer]]:
        """What the tree finds, and the answers to the other searches.

        Args:
            tree: what to compute.
            leaves: as they were sent.
            answers: to what was sent.

        Raises:
            PipelineError: the target refuses a leg.
            TargetError: the target fails, or no leg is left.
        """
        rest = self.legs.keep(leaves, answers)
        pinning = _pinning(tree)
        for node, answer in zip(pinning, rest, strict=False):
            self.pins[node.name] = [self.legs.add(hit) for hit in answer["hits"]["hits"]]
        ranked = self._rank(tree)
        if ranked is None:
            reason = self.legs.degraded[0].reason
            raise TargetError(f"no leg of the search could be run: {reason}", transient=self.legs.passing)
        return ranked, rest[len(pinning) :]

    def _rank(self, tree: Tree) -> Ranked | None:
        """The ranked list of a leaf or node; None when nothing below it could be run."""
        if isinstance(tree, Leaf):
            pairs = self.legs.found.get(tree.name)
            return None if pairs is None else Ranked(tree, pairs)
        below = tuple(self._rank(child) for child in tree.children)
        if not any(below) and not (isinstance(tree, Pinned) and self.pins[tree.name]):
            return None
        fusion = self._fused(tree, below) if isinstance(tree, Fusion) else None
        if fusion is not None:
            pairs = fusion.pairs()
        else:
            first = below[0].pairs if below[0] is not None else []
            pairs = self._second_stage(tree, first)
        if fusion is not None and tree.min_score is not None:
            pairs = least(pairs, tree.min_score)
        if tree.label is not None:
            for key, _ in pairs:
                mark(self.legs.hits[key], tree.label)
        return Ranked(tree, pairs, below, fusion)

    def _fused(self, node: Fusion, below: Sequence[Ranked | None]) -> ranking.Fusion[Key]:
        places = [place for place, leg in enumerate(below) if leg is not None]
        legs = [leg.pairs for leg in below if leg is not None]
        weights = [node.weights[place] for place in places]
        tie = self.legs.order().__getitem__
        if node.kind == "rrf":
            return ranking.rrf(legs, node.rank_constant, weights, tie=tie).head(node.window)
        normalizers = [node.normalizers[place] for place in places]
        return ranking.linear(legs, weights, normalizers, tie=tie).head(node.window)

    def _second_stage(self, node: Node, pairs: Pairs) -> Pairs:
        if isinstance(node, Reranker):
            return self._reranked(node, pairs[: node.window])
        if isinstance(node, Rescorer):
            again = rescored(node, pairs[: node.candidates], self.legs)
            if isinstance(again, Degraded):
                self.degraded.append(again)
                again = pairs
            return again[: node.window]
        if not isinstance(node, Pinned):
            raise TypeError(f"a tree of {type(node).__name__}")
        found = pinned(node.documents, self.pins[node.name], pairs)[: node.window]
        return found if node.min_score is None else least(found, node.min_score)

    def _reranked(self, node: Reranker, pairs: Pairs) -> Pairs:
        stage = Rerank(RerankSpec(deadline=DEADLINE, **node.options), node.name)
        hits = [{**self.legs.hits[key], "_score": score} for key, score in pairs]
        results = Results(hits, node.text, self.legs.context.inference, self.legs.context.deadline, len(hits))
        stage.process(results)
        if results.degraded:
            self.degraded += results.degraded
            return pairs
        scores = {(hit["_index"], hit["_id"]): hit["_score"] for hit in results.hits}
        for hit in results.hits:
            if "_headpond" in hit:
                self.legs.hits[hit["_index"], hit["_id"]]["_headpond"] = hit["_headpond"]
        if node.min_score is not None:
            scores = {key: score for key, score in scores.items() if np.float32(score) >= np.float32(node.min_score)}
        return [(key, as_json(ranking.positive(score))) for key, score in scores.items()]


def _pinning(tree: Tree) -> list[Pinned]:
    return [node for node in nodes(tree) if isinstance(node, Pinned)]


def least(pairs: Pairs, score: float) -> Pairs:
    """The hits whose score is at least this."""
    return [(key, own) for key, own in pairs if np.float32(own) >= np.float32(score)]
