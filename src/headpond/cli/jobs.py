"""List ingest jobs: how far they are, how they ended, and how to go on with one that ended early.

The states are kept in the target, so that any machine sees them and can go on.

headpond jobs
headpond jobs --unfinished --target http://127.0.0.1:9200
headpond jobs --forget 8f14e45fceea167a5a36dedd
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from headpond.cli import app, options
from headpond.errors import InputError, TargetError

if TYPE_CHECKING:
    from headpond.pipeline.state.job_state import JobState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("--unfinished", action="store_true", help="only those that are not complete")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--forget", metavar="ID", nargs="+", help="remove the states of jobs; indices stay as they are")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Lists or forgets."""
    from elastic_transport import TransportError
    from elasticsearch import ApiError

    from headpond.pipeline.api_error import describe
    from headpond.pipeline.state.job_state import COMPLETE
    from headpond.pipeline.state.store import StateStore

    with options.connect_to(args, create=False) as client:
        store = StateStore(client)
        try:
            if args.forget:
                return _forget(store.remove, args.forget)
            states = [state for state in store.every() if not (args.unfinished and state.state == COMPLETE)]
        except (ApiError, TransportError) as error:
            raise TargetError(f"the jobs cannot be read: {describe(error)}") from None
    for state in states:
        print(json.dumps({"id": state.id, **state.to_json()}) if args.json else _shown(state, args))
    if not states and not args.json:
        print("no jobs")
    return app.DONE


def _forget(remove: Callable[[str], bool], ids: list[str]) -> int:
    for id in ids:
        if not remove(id):
            raise InputError(f"there is no job {id!r}", hint="headpond jobs --json shows the ids")
    return app.DONE


def _shown(state: JobState, args: argparse.Namespace) -> str:
    """A job in three or four lines."""
    from headpond.pipeline.state.claim import gone
    from headpond.pipeline.state.job_state import COMPLETE, RUNNING

    counts = {name: state.counts.get(name, 0) for name in ("indexed", "unchanged", "dead_lettered")}
    ends = ", ".join(f"{count:,} {name.replace('_', '-')}" for name, count in counts.items())
    killed = state.state == RUNNING and gone(state)
    lines = [
        f"{'killed' if killed else state.state}: {state.pipeline} -> {state.index} ({state.id})",
        f"{state.settled.records:,} records settled: {ends}",
        f"begun {state.started}, last sign of life {state.updated} by process {state.pid} on {state.host}",
    ]
    if state.message:
        lines.append(f"why it ended: {state.message}")
    if state.dead_letters and counts["dead_lettered"]:
        lines.append(f"dead letters: {state.dead_letters['path']} on {state.dead_letters['host']}")
    if state.state == RUNNING and not killed:
        lines.append(f"if it is dead, go on with: {_command(state, args)}")
    elif state.state != COMPLETE:
        lines.append(f"go on with: {_command(state, args)}")
    return "\n  ".join(lines)


def _command(state: JobState, args: argparse.Namespace) -> str:
    """The command that goes on; on a machine with other folders the paths are others."""
    from headpond.pipeline.find import names

    if not state.file:
        return "the same call in Python"
    shipped = {str(path.absolute()): name for name, path in names()}
    words = ["headpond", "ingest", shipped.get(state.file, state.file)]
    words += [source["given"] for source in state.sources]
    words += ["--index", state.index]
    if state.id_field:
        words += ["--id-field", state.id_field]
    if args.target and "@" not in args.target:
        words += ["--target", args.target]
    return shlex.join(words)
