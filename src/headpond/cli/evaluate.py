"""Evaluate a pipeline on judged queries: metrics with intervals, a comparison with another one, a verdict for CI.

Queries are TREC topics, BEIR's queries.jsonl, CSV or TSV with a header; judgments are TREC qrels, BEIR's qrels.tsv, CSV
or TSV with a header; all may be compressed. A difference counts as real when its 95 % bootstrap interval excludes zero.

Exit codes: 0 no loss is shown; 1 a loss is real, or a metric is below --fail-under; 2 nothing was evaluated, and the
message says why.

headpond evaluate quickstart --queries queries.jsonl --qrels qrels.tsv --report report.html
headpond evaluate quickstart --queries queries.jsonl --qrels qrels.tsv --save-run before.trec
headpond evaluate new.yaml --queries queries.jsonl --qrels qrels.tsv --against before.trec --junit verdict.xml
headpond evaluate quickstart --queries queries.jsonl --qrels qrels.tsv --depth 10,20,50,100 --grid
"""

from __future__ import annotations

import argparse
import math
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from headpond.cli import app, options

if TYPE_CHECKING:
    from headpond.evaluation.evaluate import System
    from headpond.evaluation.evaluation import Evaluation

METRICS = "nDCG@10,RR@10,R@100,AP@100,Judged@10"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="a name (see headpond list), a file, or a saved TREC run")
    parser.add_argument("--queries", metavar="F", required=True, help="the queries")
    parser.add_argument("--qrels", metavar="F", required=True, help="the judgments")
    parser.add_argument("--index", type=options.index, metavar="NAME", help="the index (default: the pipeline's)")
    parser.add_argument("--metrics", metavar="M", default=METRICS, help=f"what to compute (default: {METRICS})")
    parser.add_argument("--against", metavar="X", help="compare with this: a pipeline or a saved TREC run")
    parser.add_argument(
        "--against-index",
        type=options.index,
        metavar="NAME",
        help="the other pipeline's index (default: --index, else its own)",
    )
    parser.add_argument("--report", metavar="F", help="write a report: one HTML file that needs no network")
    parser.add_argument("--junit", metavar="F", help="write the verdicts as JUnit XML")
    parser.add_argument("--json", metavar="F", help="write everything as JSON, each query included")
    parser.add_argument("--save-run", metavar="F", help="write the rankings as a TREC run")
    parser.add_argument(
        "--fail-under", metavar="M=X", action="append", default=[], type=_limit,
        help="exit code 1 when a metric is below this, as in nDCG@10=0.40; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--gate", metavar="M", help="the metrics whose real loss gives exit code 1 (default: the first of --metrics)"
    )
    parser.add_argument("--sample", metavar="N", type=options.positive, help="ask N queries, drawn at random")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the sample and the intervals (default: 0)")
    parser.add_argument(
        "--workers", metavar="N", type=options.positive, default=1, help="queries under way at once (default: 1)"
    )
    parser.add_argument(
        "--depth", metavar="N,N", type=_depths, default=(), help="try these rerank windows, as in 10,20,50,100"
    )
    parser.add_argument("--grid", action="store_true", help="try fusions of the pipeline's legs")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluates, shows and writes what was found, and gives the verdict as exit code."""
    from headpond.errors import HeadpondError

    try:
        return _evaluate(args)
    except HeadpondError as error:
        # 1 is kept for a real loss: a build must not take a missing file for one.
        from headpond.cli import show

        show.console(stderr=True).print(f"error: {error}", markup=False, soft_wrap=True)
        return app.USAGE


def _evaluate(args: argparse.Namespace) -> int:
    from headpond.cli.evaluated import evaluation_progress, show_evaluation
    from headpond.evaluation.evaluate import evaluate
    from headpond.evaluation.metrics import parse_metrics

    gate = _gate(args)
    limits = {parse_metrics([name])[0].name: limit for name, limit in args.fail_under}
    metrics = [metric.name for metric in parse_metrics(args.metrics)]
    metrics += [name for name in dict.fromkeys([*gate, *limits]) if name not in metrics]
    _check_outputs(args)
    with ExitStack() as stack:
        system, other = _systems(args, stack)
        with evaluation_progress() as on_progress:
            found = evaluate(
                system, args.queries, args.qrels, metrics=metrics, against=other, index=args.index,
                against_index=args.against_index, sample=args.sample, seed=args.seed, workers=args.workers,
                depths=args.depth, grid=args.grid, on_progress=on_progress,
            )  # fmt: skip
    _write(args, found, gate, limits)  # first: a reader of the output may go away (`| head`)
    show_evaluation(found)
    failures = [*(found.losses(gate) if found.differences else []), *found.below(limits)]
    for line in failures:
        print(f"FAILED: {line}")
    return app.FAILED if failures else app.DONE


def _gate(args: argparse.Namespace) -> list[str]:
    """The metrics that decide, by name."""
    from headpond.errors import InputError
    from headpond.evaluation.metrics import parse_metrics

    metrics = parse_metrics(args.gate) if args.gate else []
    if metrics and args.against is None:
        raise InputError("--gate is of no use without --against", hint="--fail-under holds a metric to a number")
    for metric in metrics:
        if not metric.is_quality:
            raise InputError(f"{metric.name} cannot decide: more of it is not better")
    return [metric.name for metric in metrics]


def _systems(args: argparse.Namespace, stack: ExitStack) -> tuple[System, System | None]:
    """What is evaluated and what it is compared with; no target is opened for saved runs."""
    from headpond.evaluation.saved_run import is_run
    from headpond.toolkit import load

    given = [name for name in (args.pipeline, args.against) if name is not None]
    runs = {name for name in given if is_run(name)}
    client = None
    if len(runs) < len(set(given)):
        client = stack.enter_context(options.connect_to(args, create=False))
    found: list[System] = [Path(name) if name in runs else load(name, client=client) for name in given]
    return found[0], found[1] if len(found) > 1 else None


def _write(args: argparse.Namespace, found: Evaluation, gate: list[str], limits: dict[str, float]) -> None:
    if args.save_run:
        from headpond.evaluation.saved_run import write_run

        write_run(args.save_run, found.run.rankings, found.run.name)
    if args.json:
        import orjson

        data = orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
        Path(args.json).write_bytes(data + b"\n")
    if args.junit:
        from headpond.evaluation.junit import write_junit

        write_junit(found, args.junit, gate, limits)
    if args.report:
        from headpond.evaluation.report_html import write_html

        write_html(found, args.report)


def _check_outputs(args: argparse.Namespace) -> None:
    """Finds out before the queries are paid for that a file could not be written."""
    from headpond.errors import InputError

    for name in ("report", "junit", "json", "save_run"):
        path = getattr(args, name)
        if path is not None and (not Path(path).resolve().parent.is_dir() or Path(path).is_dir()):
            raise InputError(f"--{name.replace('_', '-')} cannot be written to {path}", hint="the folder must exist")


def _limit(text: str) -> tuple[str, float]:
    name, _, limit = text.rpartition("=")
    try:
        number = float(limit)
    except ValueError:
        number = math.nan
    if not name or not math.isfinite(number):  # nothing is below what is no number, so that nothing would ever fail
        raise argparse.ArgumentTypeError(f"{text!r} is no limit, as in nDCG@10=0.40")
    return name, number


def _depths(text: str) -> tuple[int, ...]:
    return tuple(options.positive(part) for part in text.split(","))
