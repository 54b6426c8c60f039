"""Asks the target for all leaves of a tree at once and keeps the hits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headpond.errors import PipelineError, TargetError
from headpond.pipeline.api_error import cause
from headpond.pipeline.query.field_models import FieldModels
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.missing import MissingIndexError, missing
from headpond.pipeline.query.retrieve.tree import Leaf
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.pipeline.query.vectors import EmbeddingFailed, embed, fill
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.response.base import Hit

Key = tuple[str, str]
"""Index and id of a hit."""

Pairs = list[tuple[Key, float]]
"""Hits with their scores, best first; NaN where the target gave none."""

_MERGED = ("highlight", "inner_hits", "fields")
_SEQUENCE = ("_seq_no", "_primary_term")
_AGE_BITS = 48
_UNKNOWN_AGE = 1 << 47


@dataclass(frozen=True, slots=True)
class Context:
    """What one search works with.

    Attributes:
        searches: where to search.
        shared: body keys that every leg gets.
        models: what filled the vector fields of the index.
        inference: asks endpoints.
        deadline: of the whole search.
    """

    searches: Searches
    shared: Mapping[str, Any]
    models: FieldModels
    inference: ClientInference
    deadline: Deadline


@dataclass(slots=True)
class Legs:
    """The leaves of a tree, and what they found.

    Attributes:
        context: of the search.
        found: what every leaf found, by its name; None for one that could not be run.
        hits: every hit seen.
        ages: the sequence number of every hit, which orders equal scores within an index.
        explanations: the target's own, by leaf and hit, when the search asks for them.
        totals: for every leaf how many documents match, as `hits.total` says it.
        degraded: leaves that could not be run.
        passing: whether one of these may be run later.
        timed_out: whether a leaf said so.
        shards: of the leaf with the most failures.
    """

    context: Context
    found: dict[str, Pairs | None] = field(default_factory=dict)
    hits: dict[Key, Hit] = field(default_factory=dict)
    ages: dict[Key, int] = field(default_factory=dict)
    explanations: dict[tuple[str, Key], Any] = field(default_factory=dict)
    totals: dict[str, dict[str, Any]] = field(default_factory=dict)
    degraded: list[Degraded] = field(default_factory=list)
    passing: bool = False
    timed_out: bool = False
    shards: Mapping[str, Any] | None = None

    def embedded(self, leaves: Sequence[Leaf]) -> list[Leaf]:
        """The leaves with vectors in the place of texts; those that cannot be run are left out and said."""
        started = time.monotonic()
        sound: list[Leaf] = []
        for leaf in leaves:
            if wrong := self.context.models.mismatch(leaf.retriever, self.context.deadline):
                self._leave_out(leaf, wrong)
            else:
                sound.append(leaf)
        vectors = embed(self.context.inference, [leaf.retriever for leaf in sound], self.context.deadline)
        filled: list[Leaf] = []
        for leaf in sound:
            try:
                filled.append(Leaf(fill(leaf.retriever, vectors), leaf.name, leaf.window))
            except EmbeddingFailed as error:
                if not error.passing:
                    raise
                self._leave_out(leaf, error.message, round((time.monotonic() - started) * 1000), passing=True)
        return filled

    def order(self) -> dict[Key, int]:
        """The places of all hits in the order of ties, as numbers that need not follow each other."""
        indices = {index: place for place, index in enumerate(sorted({index for index, _ in self.hits}))}
        return {key: (indices[key[0]] << _AGE_BITS) + age for key, age in self.ages.items()}

    def send(self, leaves: Sequence[Leaf], others: Sequence[Body] = ()) -> list[Answer]:
        """The answers to leaves and other searches, all in one `_msearch`.

        Raises:
            ApiError, TransportError: the target failed altogether.
        """
        bodies = [*(self._body(leaf) for leaf in leaves), *others]
        return self.context.searches.many(bodies) if bodies else []

    def keep(self, leaves: Sequence[Leaf], answers: Sequence[Answer]) -> Sequence[Answer]:
        """Keeps what the leaves found, returns the answers to the other searches.

        Raises:
            PipelineError: the target refuses a search.
            TargetError: the index is not there, or one of the others failed.
        """
        for leaf, answer in zip(leaves, answers, strict=False):
            self._take(leaf, answer)
        rest = answers[len(leaves) :]
        for answer in rest:
            if "error" in answer:
                raise refused("search", answer)
        return rest

    def _take(self, leaf: Leaf, answer: Answer) -> None:
        if "error" in answer:
            error = refused(leaf.name, answer)
            if not isinstance(error, TargetError) or isinstance(error, MissingIndexError):
                raise error
            self._leave_out(leaf, error.message, int(answer.get("took", 0)), passing=error.transient)
            return
        self.timed_out = self.timed_out or bool(answer.get("timed_out"))
        shards = answer.get("_shards")
        if shards and (self.shards is None or shards.get("failed", 0) > self.shards.get("failed", 0)):
            self.shards = shards
        self.found[leaf.name] = [(self._keep(leaf, hit), _score(hit)) for hit in answer["hits"]["hits"]]
        total = answer["hits"].get("total")
        if total is not None:
            self.totals[leaf.name] = total

    def add(self, hit: Hit) -> Key:
        """Keeps a hit, joined with what other legs said of it."""
        key = (hit["_index"], hit["_id"])
        if key not in self.ages:
            self.ages[key] = hit.get("_seq_no", _UNKNOWN_AGE + len(self.ages))
        hit.pop("sort", None)
        if not self.context.shared.get("seq_no_primary_term"):
            for name in _SEQUENCE:
                hit.pop(name, None)
        known = self.hits.setdefault(key, hit)
        if known is not hit:
            for name in _MERGED:
                if name in hit:
                    known[name] = {**hit[name], **known.get(name, {})}
            for label in hit.get("matched_queries", ()):
                mark(known, label)
        return key

    def body(self, more: Body) -> Body:
        """A search of its own beside the leaves."""
        carried = ("pit", "runtime_mappings", "timeout", "indices_boost")
        return {**{key: self.context.shared[key] for key in carried if key in self.context.shared}, **more}

    def _body(self, leaf: Leaf) -> Body:
        body = {**self.context.shared, "retriever": leaf.retriever, "size": leaf.window, "seq_no_primary_term": True}
        if "sort" in leaf.options:
            body["track_scores"] = True
        return body

    def _keep(self, leaf: Leaf, hit: Hit) -> Key:
        explanation = hit.pop("_explanation", None)
        key = self.add(hit)
        if explanation is not None:
            self.explanations[leaf.name, key] = explanation
        if leaf.label is not None:
            mark(self.hits[key], leaf.label)
        return key

    def _leave_out(self, leaf: Leaf, reason: str, spent: int = 0, *, passing: bool = False) -> None:
        self.degraded.append(Degraded(leaf.name, reason, spent))
        self.found[leaf.name] = None
        self.passing = self.passing or passing


def mark(hit: Hit, label: str) -> None:
    """Adds a `_name` to the `matched_queries` of a hit."""
    names = hit.setdefault("matched_queries", [])
    if label not in names:
        names.append(label)


def refused(name: str, answer: Mapping[str, Any]) -> PipelineError | TargetError:
    """The error for a search of an `_msearch` that failed."""
    status = answer.get("status", 500)
    if (gone := missing(answer["error"])) is not None:
        return gone
    reason = f"{name}: {cause(answer['error'])} ({status})"
    if status in (408, 429) or status >= 500:
        return TargetError(reason, transient=status in (408, 429, 503))
    return PipelineError(reason)


def _score(hit: Hit) -> float:
    score = hit.get("_score")
    return float("nan") if score is None else score
