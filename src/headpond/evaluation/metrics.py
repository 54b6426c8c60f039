"""Metrics of rankings, computed by ir_measures (whose default for these is trec_eval's own code)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.errors import InputError, MissingExtraError, UnknownNameError
from headpond.evaluation.qrels import Qrels

DEFAULT = ("nDCG@10", "RR@10", "R@100", "AP@100", "Judged@10")
LONGEST = 1000
"""Hits that a metric without a cutoff looks at; what trec_eval reads of a run by default."""

Scores = NDArray[np.float64]

_SHAPE = re.compile(r"(?P<name>[A-Za-z]\w*)(?P<rest>(?:\([^()]*\))?(?:@\d+)?)")
# Names that search engineers use and the library does not.
_ALSO = {"hit": "Success", "hits": "Success", "hitrate": "Success"}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that can be computed.

    Attributes:
        name: as the library writes it, as in `nDCG@10`.
        measure: the library's.
        cutoff: how many hits it looks at; None for all.
    """

    name: str
    measure: Any
    cutoff: int | None

    @property
    def is_quality(self) -> bool:
        """Whether more of it means better rankings; the share of judged hits only says what to think of the others."""
        return not self.name.startswith("Judged")


def parse_metrics(names: str | Sequence[str]) -> list[Metric]:
    """Metrics by their names.

    Args:
        names: as in `nDCG@10,RR@10`, or a list; capitals do not matter; `MRR`, `MAP`, `recall`, `precision` are known.

    Raises:
        UnknownNameError: there is no such metric.
        InputError: a cutoff is missing or wrong, or no name is given.
        MissingExtraError: the extra `evaluate` is missing.
    """
    # Commas within brackets belong to the metric: nDCG(dcg='exp-log2',judged_only=True)@10.
    parts = re.split(r",(?![^()]*\))", names) if isinstance(names, str) else list(names)
    found = {metric.name: metric for metric in (_parse(part.strip()) for part in parts if part.strip())}
    if not found:
        raise InputError("no metrics are given", hint=f"as in {','.join(DEFAULT)}")
    return list(found.values())


def _library() -> Any:
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtraError("headpond evaluate", "evaluate", error.name or "ir_measures") from None
    return ir_measures


def _parse(text: str) -> Metric:
    ir_measures = _library()
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is no metric", hint=f"as in {', '.join(DEFAULT)}, P(rel=2)@5")
    by_lower = {name.lower(): name for name in ir_measures.measures.registry}
    name = by_lower.get(match["name"].lower()) or _ALSO.get(match["name"].lower())
    if name is None:
        raise UnknownNameError("metric", match["name"], _common())
    try:
        measure = ir_measures.parse_measure(name + match["rest"])
        measure.validate_params()
        supported = ir_measures.DefaultPipeline.supports(measure)
    except (AssertionError, TypeError, ValueError) as error:
        hint = f"as in {name}@10" if "cutoff" in str(error).lower() else f"as in {', '.join(DEFAULT)}"
        raise InputError(f"metric {text!r}: {error}", hint=hint) from None
    if not supported:
        raise InputError(f"metric {text!r} needs another package than those installed", hint=", ".join(_common()))
    cutoff = measure.params.get("cutoff")
    if isinstance(cutoff, int) and cutoff < 1:
        raise InputError(f"metric {text!r} looks at no hits", hint=f"as in {name}@10")
    return Metric(str(measure), measure, cutoff)


def _common() -> list[str]:
    return ["AP", "Bpref", "ERR", "IPrec", "Judged", "MAP", "MRR", "P", "R", "RBP", "RR", "Rprec", "Success", "nDCG"]


class Evaluator:
    """Computes metrics against judgments that stay the same.

    Args:
        metrics: what to compute.
        qrels: the judgments.
        queries: their ids, all judged; the rows of what is computed.
    """

    def __init__(self, metrics: Sequence[Metric], qrels: Qrels, queries: Sequence[str]) -> None:
        self.metrics = list(metrics)
        self.queries = list(queries)
        self._rows = {query: row for row, query in enumerate(self.queries)}
        self._columns = {str(metric.measure): column for column, metric in enumerate(self.metrics)}
        measures = [metric.measure for metric in self.metrics]
        self._evaluator = _library().evaluator(measures, {query: qrels[query] for query in self.queries})

    def scores(self, rankings: Mapping[str, Sequence[str]]) -> Scores:
        """The metrics of each query.

        Args:
            rankings: ids of documents, best first, by query; one that is missing has found nothing.

        Returns:
            float64[queries, metrics].
        """
        run = {
            query: {document: float(len(ranking) - place) for place, document in enumerate(ranking)}
            for query, ranking in rankings.items()
            if query in self._rows and ranking
        }
        values = np.zeros((len(self.queries), len(self.metrics)))
        for found in self._evaluator.iter_calc(run) if run else ():
            values[self._rows[found.query_id], self._columns[str(found.measure)]] = found.value
        return values
