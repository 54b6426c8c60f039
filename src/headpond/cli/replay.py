"""Send dead letters again: records that headpond ingest could not index, after what was wrong has been mended.

Each letter goes through the pipeline that it names, unless the index holds its document by now: what was written after
all is not written twice, a newer document is not overwritten, and what was embedded before is not paid for again.
What fails again goes to a new file; FILE itself stays as it is, unless --in-place takes out what is settled.

headpond replay articles-20260101-101500.dead.jsonl
headpond replay *.dead.jsonl --only stage=bulk --in-place
headpond replay bad.jsonl --set lang=en --repair repair.yaml
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headpond.cli import app, options, progress

if TYPE_CHECKING:
    from headpond.pipeline.replay import Replay, ReplayReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="files of dead letters")
    parser.add_argument("--pipeline", metavar="P", help="a name or a file (default: the one that each letter names)")
    parser.add_argument("--index", metavar="NAME", help="the index (default: the one that each letter names)")
    parser.add_argument(
        "--only",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        type=_pair,
        help="only letters with this stage, source, index, pipeline or id, or this text in error or reason",
    )
    parser.add_argument(
        "--set", metavar="FIELD=VALUE", action="append", default=[], type=_pair, help="repair: gives a field a value"
    )
    parser.add_argument(
        "--repair", metavar="YAML", type=Path, help="repair: a file with `processors:`, run before the pipeline's own"
    )
    parser.add_argument("--in-place", action="store_true", help="take what is settled out of FILE")
    parser.add_argument("--overwrite", action="store_true", help="send letters though the index has a newer document")
    parser.add_argument("--report", type=options.new_file, metavar="FILE", help="write the report as JSON")
    parser.add_argument("--dead-letters", type=options.new_file, metavar="FILE", help="where goes what fails again")
    options.add_cache(parser)
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Replays the letters and shows what became of them."""
    from headpond.pipeline.job import JobSettings
    from headpond.pipeline.load import load
    from headpond.pipeline.replay import replay
    from headpond.pipeline.report import IngestInterrupted, IngestStoppedError

    settings = JobSettings(dead_letters=args.dead_letters, **options.cache_settings(args))
    spec = load(args.pipeline) if args.pipeline else None
    how = _how(args)
    with options.connect_to(args) as client:
        try:
            with progress.ingest_progress() as tell:
                report = replay(
                    args.files, client, how, spec=spec, index=args.index, settings=settings, on_progress=tell
                )
        except (IngestStoppedError, IngestInterrupted) as ended:
            progress.show_report(ended.report)
            raise
    _show(report, args)
    if args.report is not None:
        progress.write_report(report, args.report)
    return app.DEAD_LETTERS if report.dead_lettered else app.DONE


def _how(args: argparse.Namespace) -> Replay:
    from headpond.pipeline import yaml_file
    from headpond.pipeline.replay import Replay
    from headpond.stages.where import Where

    repair: list[Any] = []
    where = Where()
    if args.repair is not None:
        data, where = yaml_file.read(args.repair)
        unknown = data.keys() - {"processors", "description"}
        if unknown or not isinstance(data.get("processors"), list):
            raise where.error("a repair has the key `processors`, a list, and nothing else")
        repair, where = data["processors"], where.at("processors")
    repair = [*repair, *({"set": {"field": field, "value": _value(text)}} for field, text in args.set)]
    return Replay(dict(args.only), repair, args.in_place, args.overwrite, where)


def _show(report: ReplayReport, args: argparse.Namespace) -> None:
    letters = "1 letter" if report.letters == 1 else f"{report.letters:,} letters"
    extra = f", {report.dropped:,} given up" if report.dropped else ""
    print(
        f"{letters}: {report.indexed:,} indexed, {report.unchanged:,} unchanged, "
        f"{report.superseded:,} superseded by newer documents{extra}, {report.dead_lettered:,} dead-lettered again"
    )
    if report.passed_over:
        print(f"not chosen: {report.passed_over:,}")
    print(f"inference: {progress.inference(report.inference)}")
    if report.dead_letters is not None and report.dead_lettered:
        print(f"dead letters: {report.dead_letters}")
    elif report.dead_lettered and args.in_place:
        print(f"dead letters: {', '.join(map(str, args.files))}")


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _value(text: str) -> Any:
    """A number, a truth value, null, a list or an object where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
