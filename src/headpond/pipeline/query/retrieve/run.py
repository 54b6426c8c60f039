"""Runs a retriever tree: all leaves in one `_msearch`, the rest on the client, with Elasticsearch's formulas."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headpond import ranking
from headpond.errors import PipelineError, TargetError
from headpond.pipeline.api_error import cause
from headpond.pipeline.query.field_models import FieldModels
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.retrieve.tree import Leaf, Node, Tree, leaves
from headpond.pipeline.query.searches import Searches
from headpond.pipeline.query.vectors import EmbeddingFailed, embed, fill
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.response.base import Hit, Results, as_json
from headpond.stages.response.rerank import Rerank, RerankSpec

DEADLINE = "10s"
"""How long a `text_similarity_reranker` may take; Elasticsearch's default for inference in queries."""

Key = tuple[str, str]

# Body keys that make sense for a compound retriever; every leg gets them. Elasticsearch refuses others, or they need
# the whole list of hits in one place.
_SHARED = frozenset(
    {
        "_source", "docvalue_fields", "explain", "ext", "fields", "highlight", "runtime_mappings", "script_fields",
        "seq_no_primary_term", "stored_fields", "timeout", "track_total_hits", "version",
    }
)  # fmt: skip
_OWN = frozenset({"retriever", "size", "from", "min_score"})
_MERGED = ("highlight", "inner_hits", "matched_queries", "fields")


@dataclass(slots=True)
class Run:
    """One execution of a tree.

    Attributes:
        searches: where to search.
        shared: body keys that every leg gets.
        models: what filled the vector fields of the index.
        inference: asks endpoints.
        deadline: of the whole search.
        hits: every hit seen, by index and id.
        degraded: legs and rerankers that could not do their work.
        passing: whether a leg that could not be run may be later.
        timed_out: whether a leg said so.
        shards: of the first leg.
    """

    searches: Searches
    shared: Mapping[str, Any]
    models: FieldModels
    inference: ClientInference
    deadline: Deadline
    hits: dict[Key, Hit] = field(default_factory=dict)
    degraded: list[Degraded] = field(default_factory=list)
    passing: bool = False
    timed_out: bool = False
    shards: Mapping[str, Any] | None = None

    def execute(self, tree: Tree) -> list[Hit]:
        """The hits of the tree, best first, with their scores.

        Raises:
            PipelineError: the target refuses a leg.
            TargetError: the target fails, or no leg is left.
        """
        found = self._legs(list(leaves(tree)))
        ranked = self._rank(tree, found)
        if ranked is None:
            raise TargetError("no leg of the search could be run: " + self.degraded[0].reason, transient=self.passing)
        return [{**self.hits[key], "_score": as_json(score)} for key, score in ranked]

    def _legs(self, legs: list[Leaf]) -> dict[str, list[tuple[Key, float]] | None]:
        """What every leaf finds, by its name; None for one that could not be embedded."""
        started = time.monotonic()
        found: dict[str, list[tuple[Key, float]] | None] = {}
        for leg in legs:
            if wrong := self.models.mismatch(leg.retriever, self.deadline):
                self.degraded.append(Degraded(leg.name, wrong, 0))
                found[leg.name] = None
        legs = [leg for leg in legs if leg.name not in found]
        vectors = embed(self.inference, [leg.retriever for leg in legs], self.deadline)
        asked: list[Leaf] = []
        bodies: list[dict[str, Any]] = []
        for leg in legs:
            try:
                retriever = fill(leg.retriever, vectors)
            except EmbeddingFailed as error:
                if not error.passing:
                    raise
                spent = round((time.monotonic() - started) * 1000)
                self.degraded.append(Degraded(leg.name, error.message, spent))
                self.passing = True
                found[leg.name] = None
                continue
            asked.append(leg)
            bodies.append({**self.shared, "retriever": retriever, "size": leg.window})
        if bodies:
            for leg, answer in zip(asked, self.searches.many(bodies), strict=True):
                found[leg.name] = self._hits(leg, answer)
        return found

    def _hits(self, leg: Leaf, answer: dict[str, Any]) -> list[tuple[Key, float]]:
        if "error" in answer:
            raise _refused(leg.name, self.searches.index, answer)
        self.timed_out = self.timed_out or bool(answer.get("timed_out"))
        self.shards = self.shards or answer.get("_shards")
        pairs = []
        for hit in answer["hits"]["hits"]:
            key = (hit["_index"], hit["_id"])
            known = self.hits.setdefault(key, hit)
            if known is not hit:
                for name in _MERGED:
                    if name in hit:
                        known.setdefault(name, hit[name])
            score = hit.get("_score")
            pairs.append((key, float("nan") if score is None else score))
        return pairs

    def _rank(self, tree: Tree, found: Mapping[str, list[tuple[Key, float]] | None]) -> list[tuple[Key, float]] | None:
        """The ranked list of a node; None when nothing below it could be run."""
        if isinstance(tree, Leaf):
            return found[tree.name]
        below = [self._rank(child, found) for child in tree.children]
        places = [place for place, leg in enumerate(below) if leg is not None]
        legs = [leg for leg in below if leg is not None]
        if not legs:
            return None
        if tree.kind == "text_similarity_reranker":
            ranked = self._reranked(tree, legs[0][: tree.window])
        else:
            weights = [tree.weights[place] for place in places]
            if tree.kind == "rrf":
                fusion = ranking.rrf(legs, tree.rank_constant, weights)
            else:
                fusion = ranking.linear(legs, weights, [tree.normalizers[place] for place in places])
            ranked = fusion.head(tree.window).pairs()
        if tree.min_score is not None:
            ranked = [(key, score) for key, score in ranked if np.float32(score) >= np.float32(tree.min_score)]
        return ranked

    def _reranked(self, node: Node, leg: list[tuple[Key, float]]) -> list[tuple[Key, float]]:
        options = dict(node.reranker)
        query = options.pop("query")
        stage = Rerank(RerankSpec(deadline=DEADLINE, **options), node.name)
        hits = [{**self.hits[key], "_score": score} for key, score in leg]
        results = Results(hits, query, self.inference, self.deadline, len(hits))
        stage.process(results)
        self.degraded += results.degraded
        for hit in results.hits:
            if "_headpond" in hit:
                self.hits[hit["_index"], hit["_id"]]["_headpond"] = hit["_headpond"]
        return [((hit["_index"], hit["_id"]), hit["_score"]) for hit in results.hits]


def shared(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a body that every leg gets.

    Raises:
        PipelineError: the body has a part that goes with no compound retriever.
    """
    for key in body:
        if key not in _SHARED and key not in _OWN:
            raise PipelineError(
                f"[{key}] cannot stand beside a compound retriever in a pipeline's search",
                hint="rrf, linear and text_similarity_reranker are computed on the client",
            )
    return {key: value for key, value in body.items() if key in _SHARED}


def _refused(name: str, index: str, answer: Mapping[str, Any]) -> PipelineError | TargetError:
    status = answer.get("status", 500)
    error = answer["error"]
    if status == 404:
        return TargetError(f"there is no index [{index}]", hint="ingest into it first")
    reason = f"{name}: {cause(error)} ({status})"
    return PipelineError(reason) if status < 500 else TargetError(reason, transient=status in (429, 503))
