"""Which fusion of the legs is best, found offline: each leg is searched once a query, then everything is computed.

The best of many on the queries it was chosen by looks better than it is. So it is also chosen on four fifths of the
queries and scored on the last fifth, five times; that held-out score is what to believe.

Sources: OpenSearch's hybrid search optimizer (grid of normalizations, weights and rank constants); T. Hastie,
R. Tibshirani and J. Friedman, "The Elements of Statistical Learning", section 7.10 (choice within cross-validation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from headpond import ranking
from headpond.errors import InputError
from headpond.evaluation.bootstrap import Interval, intervals
from headpond.evaluation.compare import verdict
from headpond.evaluation.fusions import Family, Lists, families, weight_grid
from headpond.evaluation.metered import uncached
from headpond.evaluation.metrics import Evaluator
from headpond.evaluation.queries import Queries
from headpond.evaluation.run import OnProgress, most_hits
from headpond.pipeline.pipeline import Pipeline
from headpond.pipeline.spec import PipelineSpec

FOLDS = 5
FEWEST = 2 * FOLDS


@dataclass(frozen=True, slots=True)
class Variant:
    """A fusion.

    Attributes:
        family: `rrf` with its constant or `linear` with its normalizer.
        weights: of the legs.
        value: the metric on all queries.
    """

    family: Family
    weights: tuple[float, ...]
    value: float

    @property
    def name(self) -> str:
        """As in `linear minmax 0.5 0.4 0.1`."""
        return f"{self.family.name} {' '.join(f'{weight:g}' for weight in self.weights)}"


@dataclass(frozen=True, slots=True)
class Grid:
    """What was found.

    Attributes:
        metric: its name.
        legs: names of the legs.
        variants: all that were tried.
        best: the best on all queries.
        current: the fusion that the pipeline has.
        held_out: the metric of what was chosen without the queries it is scored on.
        difference: of `held_out` and `current`.
        verdict: whether that difference is more than chance.
        legs_alone: the metric of each leg.
        retriever: the best fusion as YAML, to be pasted below `search:`.
    """

    metric: str
    legs: list[str]
    variants: list[Variant] = field(repr=False)
    best: Variant
    current: Interval
    held_out: Interval
    difference: Interval
    verdict: str
    legs_alone: list[Interval]
    retriever: str

    def to_json(self) -> dict[str, Any]:
        """Its members; the best twenty of the variants."""
        found = {name: value for name, value in asdict(self).items() if name not in ("variants", "best")}
        ranked = sorted(self.variants, key=lambda variant: -variant.value)
        shown = [{"fusion": one.name, "value": one.value} for one in ranked[:20]]
        return found | {"best": shown[0], "variants": len(self.variants), "first": shown}


def search(
    pipeline: Pipeline,
    queries: Queries,
    evaluator: Evaluator,
    *,
    index: str | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Grid:
    """Tries all fusions by the evaluator's first metric, without the response processors.

    Args:
        pipeline: its search is an `rrf` or `linear` retriever.
        queries: those of the evaluator.
        evaluator: computes the metric.
        index: where; None for the pipeline's own.
        seed: of the folds and the bootstrap.
        on_progress: told after each query.

    Raises:
        InputError: there is nothing to fuse, or there are too few queries.
        PipelineError, TargetError: a query cannot be asked.
    """
    check(pipeline, queries)
    kind, options = _fusion(pipeline.spec)
    window = most_hits(pipeline) or 10
    spec = uncached(pipeline.spec)
    systems = [Pipeline(_leg(spec, options, leg), pipeline.client) for leg in _retrievers(options)]
    lists: dict[str, Lists] = {}
    for done, (id, text) in enumerate(queries.items(), 1):
        answers = [system.search(text, size=window, index=index)["hits"]["hits"] for system in systems]
        lists[id] = [[(hit["_id"], hit["_score"]) for hit in hits] for hits in answers]
        if on_progress is not None:
            on_progress("legs", done, len(queries))
    size = min(evaluator.metrics[0].cutoff or window, window)
    variants, scores = _try_all(lists, evaluator, size)
    current = evaluator.scores({id: _as_it_is(kind, options, found)[:size] for id, found in lists.items()})[:, 0]
    alone = [evaluator.scores({id: [d for d, _ in one[leg]] for id, one in lists.items()})[:, 0]
             for leg in range(len(systems))]  # fmt: skip
    held_out = _held_out(scores, seed)
    columns = np.stack([current, held_out, held_out - current, *alone], axis=1)
    found = intervals(columns, seed=seed)
    best = variants[int(np.argmax(scores.mean(axis=1)))]
    return Grid(
        evaluator.metrics[0].name, [_leg_name(one) for one in _retrievers(options)], variants, best, found[0], found[1],
        found[2], verdict(found[2], len(queries)), found[3:], _yaml(options, best),
    )  # fmt: skip


def check(pipeline: Pipeline, queries: Queries) -> None:
    """Whether fusions can be tried, before anything is paid for.

    Raises:
        InputError: there is nothing to fuse, or there are too few queries.
    """
    _fusion(pipeline.spec)
    if len(queries) < FEWEST:
        raise InputError(f"a choice of fusions needs {FEWEST} judged queries or more, there are {len(queries)}")


def _try_all(lists: Mapping[str, Lists], evaluator: Evaluator, size: int) -> tuple[list[Variant], NDArray[np.float64]]:
    """All variants, and their metric as float64[variants, queries]."""
    legs = len(next(iter(lists.values())))
    weights = weight_grid(legs)
    variants: list[Variant] = []
    scores: list[NDArray[np.float64]] = []
    for at, family in enumerate(families()):
        # A leg alone is the same list in every family.
        rows = weights if at == 0 else weights[weights.max(axis=1) < 1]
        rankings: list[dict[str, list[str]]] = [{} for _ in rows]
        for id, found in lists.items():
            for ranked, documents in zip(rankings, family.rankings(found, rows, size), strict=True):
                ranked[id] = documents
        for row, ranked in zip(rows, rankings, strict=True):
            own = evaluator.scores(ranked)[:, 0]
            scores.append(own)
            variants.append(Variant(family, tuple(round(float(weight), 4) for weight in row), float(own.mean())))
    return variants, np.stack(scores)


def _held_out(scores: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """float64[queries]: each query's metric under the variant that is best on the other folds."""
    queries = scores.shape[1]
    order = np.random.default_rng(seed).permutation(queries)
    held_out = np.empty(queries)
    for fold in np.array_split(order, FOLDS):
        others = np.setdiff1d(order, fold)
        held_out[fold] = scores[int(np.argmax(scores[:, others].mean(axis=1)))][fold]
    return held_out


def _fusion(spec: PipelineSpec) -> tuple[str, dict[str, Any]]:
    retriever = (spec.file.search or {}).get("retriever")
    for kind in ("rrf", "linear"):
        options = retriever.get(kind) if isinstance(retriever, dict) else None
        if isinstance(options, dict) and len(_retrievers(options)) > 1:
            return kind, options
    raise InputError(
        f"the search of {spec.name!r} fuses nothing: a grid needs an `rrf` or `linear` retriever with two legs or "
        "more at its top",
        hint="a text_similarity_reranker around it can be written as a response processor `rerank`",
    )


def _retrievers(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [item.get("retriever", item) for item in options.get("retrievers", [])]


def _leg(spec: PipelineSpec, options: Mapping[str, Any], leg: dict[str, Any]) -> PipelineSpec:
    """A pipeline that gives one leg's hits with the leg's own scores."""
    rest = {name: options[name] for name in ("filter", "rank_window_size") if name in options}
    body = {name: value for name, value in (spec.file.search or {}).items() if name != "min_score"}
    body["retriever"] = {"linear": {**rest, "retrievers": [{"retriever": leg, "normalizer": "none"}]}}
    return replace(spec, file=spec.file.model_copy(update={"search": body, "deadline": None}), response_processors=())


def _leg_name(leg: Mapping[str, Any]) -> str:
    """As in `standard match`, `knn` or `standard sparse_vector`; its `_name` where it has one."""
    kind, options = next(iter(leg.items()))
    if not isinstance(options, dict):
        return kind
    query = options.get("query")
    inner = f" {next(iter(query))}" if isinstance(query, dict) and query else ""
    return str(options.get("_name", kind + inner))


def _as_it_is(kind: str, options: Mapping[str, Any], lists: Lists) -> list[str]:
    items = options["retrievers"]
    weights = [float(item.get("weight", 1.0)) if "retriever" in item else 1.0 for item in items]
    if kind == "rrf":
        return ranking.rrf(lists, int(options.get("rank_constant", ranking.RANK_CONSTANT)), weights).ids
    names: list[ranking.Normalizer] = [item.get("normalizer") or options.get("normalizer") or "none" for item in items]
    return ranking.linear(lists, weights, names).ids


def _yaml(options: Mapping[str, Any], best: Variant) -> str:
    """The best fusion with the pipeline's own legs; one without weight is left out."""
    rest = {name: value for name, value in options.items() if name in ("filter", "rank_window_size", "_name")}
    legs = [
        {"weight": weight, "retriever": leg}
        for weight, leg in zip(best.weights, _retrievers(options), strict=True)
        if weight
    ]
    option = "rank_constant" if best.family.kind == "rrf" else "normalizer"
    fused: Any = {best.family.kind: {**rest, option: best.family.option, "retrievers": legs}}
    if len(legs) == 1:
        fused = legs[0]["retriever"]
    return yaml.safe_dump({"retriever": fused}, sort_keys=False, width=110, allow_unicode=True)
