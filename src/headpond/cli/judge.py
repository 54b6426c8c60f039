"""Make judgments for headpond evaluate: from clicks, or by a completion endpoint that grades hits from 0 to 3.

They are written as TREC qrels. With --clicks the bias of positions is taken out: a document's clicks are divided by
those that its positions bring on average. With --endpoint the first hits of all the pipelines are graded; the file
grows as answers come, and a run that was cut off goes on where it was.

headpond judge --clicks clicks.jsonl --out qrels.txt
headpond judge quickstart --queries queries.jsonl --endpoint my-llm --out qrels.txt --dry-run
headpond judge quickstart new.yaml --queries queries.jsonl --endpoint my-llm --out qrels.txt --depth 10
"""

from __future__ import annotations

import argparse
from pathlib import Path

from headpond.cli import app, options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipelines", metavar="PIPELINE", nargs="*", help="whose hits are judged (with --endpoint)")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--clicks",
        metavar="F",
        help="JSON lines, CSV or TSV: query_id, doc_id, position, clicked (or clicks, impressions)",
    )
    how.add_argument("--endpoint", metavar="ID", help="the completion endpoint that judges")
    parser.add_argument("--out", metavar="F", required=True, help="where the judgments go")
    parser.add_argument(
        "--queries", metavar="F", help="the queries; with --clicks only where the log has texts, not ids"
    )
    clicks = parser.add_argument_group("from clicks")
    clicks.add_argument(
        "--propensities", metavar="X,X", type=_shares, default=(),
        help="how likely each position is looked at, as in 1,0.6,0.4 (default: the log's own rates)",
    )  # fmt: skip
    clicks.add_argument(
        "--fewest", metavar="X", type=options.amount, default=1.0,
        help="expected clicks that a pair needs to be judged (default: 1)",
    )  # fmt: skip
    endpoint = parser.add_argument_group("by an endpoint")
    endpoint.add_argument("--index", type=options.index, metavar="NAME", help="the index (default: the pipelines' own)")
    endpoint.add_argument("--depth", metavar="N", type=options.positive, default=10, help="hits a query (default: 10)")
    endpoint.add_argument("--field", metavar="F", action="append", default=[], help="what is shown of a document")
    endpoint.add_argument("--qrels", metavar="F", help="judgments that are there already and are not asked again")
    endpoint.add_argument("--sample", metavar="N", type=options.positive, help="judge N queries, drawn at random")
    endpoint.add_argument("--seed", metavar="N", type=int, default=0, help="of the sample (default: 0)")
    endpoint.add_argument(
        "--task-settings", metavar="JSON", type=options.json_object, help="sent along, as in '{\"temperature\": 0}'"
    )
    endpoint.add_argument(
        "--workers", metavar="N", type=options.positive, default=1, help="requests at once (default: 1)"
    )
    endpoint.add_argument("--dry-run", action="store_true", help="say how many pairs there are and what they cost")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Judges and says what came of it; 1 when some pairs could not be judged."""
    return _clicks(args) if args.clicks else _endpoint(args)


def _clicks(args: argparse.Namespace) -> int:
    from headpond.errors import InputError
    from headpond.evaluation.clicks import judge_clicks
    from headpond.evaluation.qrels import qrels_line
    from headpond.evaluation.queries import read_queries

    if args.pipelines:
        raise InputError("clicks are judged without a PIPELINE", hint="--endpoint ID judges the hits of pipelines")
    queries = read_queries(args.queries) if args.queries else None
    found = judge_clicks(args.clicks, queries=queries, propensities=args.propensities, fewest=args.fewest)
    lines = [
        qrels_line(query, document, grade)
        for query, grades in found.qrels.items()
        for document, grade in grades.items()
    ]
    try:
        Path(args.out).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=args.out) from None
    rates = ", ".join(f"{at}: {rate:.3f}" for at, rate in sorted(found.rates.items())[:10])
    print(f"clicks expected for an impression, by position: {rates}")
    if found.unknown:
        print(f"{found.unknown} lines are of queries that are not in {args.queries}")
    print(f"{len(lines)} pairs of {len(found.qrels)} queries judged, {found.too_few} had too few clicks to go by")
    return app.DONE


def _endpoint(args: argparse.Namespace) -> int:
    import random

    from headpond.cli.amounts import money
    from headpond.cli.evaluated import evaluation_progress
    from headpond.errors import InputError
    from headpond.evaluation.judge import judge
    from headpond.evaluation.qrels import read_qrels
    from headpond.evaluation.queries import read_queries
    from headpond.toolkit import load

    if not args.pipelines or not args.queries:
        raise InputError("an endpoint judges the hits of pipelines: give a PIPELINE and --queries")
    queries = read_queries(args.queries)
    if args.sample is not None and args.sample < len(queries):
        drawn = set(random.Random(args.seed).sample(sorted(queries), args.sample))
        queries = {id: text for id, text in queries.items() if id in drawn}
    known = read_qrels(args.qrels) if args.qrels else None
    with options.connect_to(args, create=False) as client, evaluation_progress() as on_progress:
        pipelines = [load(name, client=client) for name in args.pipelines]
        report = judge(
            pipelines, queries, args.endpoint, args.out, depth=args.depth, index=args.index, fields=args.field,
            known=known, task_settings=args.task_settings, workers=args.workers, dry_run=args.dry_run,
            on_progress=on_progress,
        )  # fmt: skip
    cost = "no price is given" if report.cost is None else money(report.cost, report.currency)
    print(f"{report.pairs} pairs of {len(queries)} queries, {report.known} more are judged already")
    if args.dry_run:
        print(f"about {report.estimated_tokens:,} tokens, {cost}; nothing was asked")
        return app.DONE
    grades = ", ".join(f"grade {grade}: {report.grades.get(grade, 0)}" for grade in range(4))
    print(f"{grades}; {report.spent.requests:,} requests, {report.spent.tokens:,} tokens, {cost}")
    if report.failed:
        print(f"{report.failed} pairs failed; the same command asks for them again")
    if report.unreadable:
        print(f"{report.unreadable} answers were no grade, for example: {report.examples[0]!r}")
    return app.FAILED if report.failed or report.unreadable else app.DONE


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of shares, as in 1,0.6,0.4") from None
