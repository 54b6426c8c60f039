"""One call from a pipeline, queries and judgments to what is known about its quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from headpond.errors import InputError
from headpond.evaluation.bootstrap import FEWEST, intervals
from headpond.evaluation.compare import differences
from headpond.evaluation.depth import check as check_depths
from headpond.evaluation.depth import sweep
from headpond.evaluation.evaluation import ENOUGH_JUDGED, Evaluation
from headpond.evaluation.grid import check as check_grid
from headpond.evaluation.grid import search as search_grid
from headpond.evaluation.metrics import DEFAULT, LONGEST, Evaluator, Metric, Scores, parse_metrics
from headpond.evaluation.overlap import check_index, check_run, judged_queries
from headpond.evaluation.qrels import Qrels, read_qrels
from headpond.evaluation.queries import Queries, read_queries
from headpond.evaluation.run import OnProgress, Run, ask, describe_degraded, most_hits
from headpond.evaluation.saved_run import read_run
from headpond.pipeline.index import index_name
from headpond.pipeline.pipeline import Pipeline

System = Pipeline | str | Path
"""A pipeline, or the path of a TREC run."""


def evaluate(
    pipeline: System,
    queries: str | Path | Mapping[str, str],
    qrels: str | Path | Mapping[str, Mapping[str, int]],
    *,
    metrics: str | Sequence[str] = DEFAULT,
    against: System | None = None,
    index: str | None = None,
    against_index: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    workers: int = 1,
    depths: Sequence[int] = (),
    grid: bool = False,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Evaluates a pipeline on judged queries, and compares it with another one.

    Args:
        pipeline: a pipeline, or the path of a TREC run.
        queries: a file of TREC topics, BEIR's JSON lines, CSV or TSV; or texts by id.
        qrels: a file of TREC qrels, BEIR's, CSV or TSV; or grades by query and document.
        metrics: names, see `headpond.evaluation.metrics.parse_metrics`; sweeps go by the first.
        against: what to compare with; None for no comparison.
        index: the index; None for the pipeline's own.
        against_index: the other pipeline's index; None for `index`, else its own.
        sample: ask so many judged queries, drawn at random.
        seed: of the sample, the bootstrap and the folds.
        workers: queries under way at once; more than 1 makes each slower.
        depths: rerank windows to try.
        grid: whether to try fusions of the pipeline's legs.
        on_progress: told after each query.

    Returns:
        Metrics with intervals, differences with verdicts, times, costs, each query.

    Raises:
        InputError: a file, a metric or an id is wrong.
        PipelineError, TargetError: a query cannot be asked.
        MissingExtraError: the extra `evaluate` is missing.
    """
    parsed = parse_metrics(metrics)
    judgments = read_qrels(qrels)
    asked, warnings = judged_queries(read_queries(queries), judgments, sample, seed)
    _check_sweeps(pipeline, asked, depths, grid)
    evaluator = Evaluator(parsed, judgments, list(asked))
    options = _Options(asked, judgments, evaluator, workers, on_progress)
    run, scores = options.score(pipeline, index, warnings)
    result = Evaluation(
        run, asked, judgments, parsed, scores, intervals(scores, seed=seed), warnings=warnings, seed=seed
    )
    if against is not None:
        result.against, result.other_scores = options.score(against, against_index or index, warnings)
        result.differences = differences(parsed, result.other_scores, scores, seed=seed)
    if len(asked) < FEWEST:
        warnings.append(f"{len(asked)} queries are too few for intervals to mean much; no verdicts below {FEWEST}")
    _warn_unjudged(result)
    if isinstance(pipeline, Pipeline) and depths:
        result.depth = sweep(pipeline, asked, evaluator, depths, index=index, seed=seed, on_progress=on_progress)
    if isinstance(pipeline, Pipeline) and grid:
        result.grid = search_grid(pipeline, asked, evaluator, index=index, seed=seed, on_progress=on_progress)
    return result


def _check_sweeps(pipeline: System, queries: Queries, depths: Sequence[int], grid: bool) -> None:
    if not isinstance(pipeline, Pipeline):
        if depths or grid:
            raise InputError("depths and fusions can be tried with a pipeline only, not with a saved run")
        return
    if depths:
        check_depths(pipeline, depths)
    if grid:
        check_grid(pipeline, queries)


class _Options:
    """What is the same for both systems."""

    def __init__(
        self, queries: Queries, qrels: Qrels, evaluator: Evaluator, workers: int, on_progress: OnProgress | None
    ) -> None:
        self._queries, self._qrels, self._evaluator = queries, qrels, evaluator
        self._workers, self._on_progress = workers, on_progress

    def score(self, system: System, index: str | None, warnings: list[str]) -> tuple[Run, Scores]:
        """The rankings of a system and their metrics."""
        run = self._asked(system, index, warnings) if isinstance(system, Pipeline) else self._saved(system, warnings)
        if run.degraded:
            warnings.append(
                f"{len(run.degraded)} of {len(self._queries)} answers of {run.name} were degraded, for example: "
                f"{describe_degraded(list(run.degraded.values()))}"
            )
        return run, self._evaluator.scores(run.documents())

    def _asked(self, pipeline: Pipeline, index: str | None, warnings: list[str]) -> Run:
        size = hits_needed(self._evaluator.metrics)
        most = most_hits(pipeline)
        if most is not None and most < size:
            named = [one.name for one in self._evaluator.metrics if (one.cutoff or LONGEST) > most]
            warnings.append(f"{', '.join(named)}: over {most} hits, which is all that {pipeline.spec.name} ranks")
            size = most
        place = index_name(pipeline.spec, index)
        warnings += check_index(pipeline.client, place, self._qrels, self._queries)
        return ask(
            pipeline, self._queries, size=size, index=index, workers=self._workers, on_progress=self._on_progress
        )

    def _saved(self, path: str | Path, warnings: list[str]) -> Run:
        tag, rankings = read_run(path)
        run = Run(tag, rankings)
        warnings += check_run(run.documents(), self._qrels, str(path))
        if missing := sum(id not in rankings for id in self._queries):
            warnings.append(
                f"the run {path} answers {missing} of {len(self._queries)} queries not at all; they score 0"
            )
        return run


def hits_needed(metrics: Sequence[Metric]) -> int:
    """How many hits the metrics look at."""
    return max(metric.cutoff or LONGEST for metric in metrics)


def _warn_unjudged(result: Evaluation) -> None:
    systems = [(result.run, result.scores)]
    if result.against is not None and result.other_scores is not None:
        systems.append((result.against, result.other_scores))
    for run, scores in systems:
        for at, metric in enumerate(result.metrics):
            share = float(scores[:, at].mean())
            if not metric.is_quality and share < ENOUGH_JUDGED:
                result.warnings.append(
                    f"{share:.0%} of the first {metric.cutoff or 'all'} hits of {run.name} are judged ({metric.name}); "
                    "unjudged hits count as not relevant, so a system that finds new documents looks worse than it is"
                )
