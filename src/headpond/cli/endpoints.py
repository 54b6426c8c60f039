"""Look at, make, try and remove inference endpoints.

headpond endpoints list                             all of them
headpond endpoints put ID --task-type T --file F    make one; F is the body of PUT _inference, JSON or YAML, with
                                                    ${ENV} for secrets; without --file it is read from stdin
headpond endpoints update ID --file F               change one: other secrets, task settings, a rate limit
headpond endpoints show ID                          its settings, without secrets
headpond endpoints try ID TEXT... [--query Q]       ask it
headpond endpoints delete ID                        remove it
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headpond.cli import options

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

TASK_TYPES = ("text_embedding", "sparse_embedding", "rerank", "completion", "chat_completion")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all endpoints, or those of a task type")
    _task_type(listing)
    _json(listing)
    put = actions.add_parser("put", help="make an endpoint")
    put.add_argument("id", metavar="ID")
    _task_type(put)
    _body(put)
    update = actions.add_parser("update", help="change an endpoint's secrets and task settings")
    update.add_argument("id", metavar="ID")
    _body(update)
    show = actions.add_parser("show", help="an endpoint's settings, without secrets")
    show.add_argument("id", metavar="ID")
    delete = actions.add_parser("delete", help="remove an endpoint")
    delete.add_argument("id", metavar="ID")
    delete.add_argument("--force", action="store_true", help="also when pipelines or indices refer to it")
    ask = actions.add_parser("try", help="ask an endpoint and look at its answer")
    ask.add_argument("id", metavar="ID")
    ask.add_argument("texts", metavar="TEXT", nargs="+", help="texts to embed, documents to rank, or one question")
    ask.add_argument("--query", metavar="Q", help="what documents are ranked by")
    ask.add_argument("--input-type", metavar="T", help="ingest, search, classification or clustering")
    ask.add_argument("--timeout", default="60s", metavar="T", help="how long to wait (default: 60s)")
    _json(ask)
    for action in (listing, put, update, show, delete, ask):
        options.add_target(action)


def run(args: argparse.Namespace) -> int:
    """Does what the action says."""
    with options.connect_to(args) as client:
        _ACTIONS[args.action](client, args)
    return 0


def _task_type(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task-type", metavar="T", choices=TASK_TYPES, help=", ".join(TASK_TYPES))


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _body(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, metavar="F", help="JSON or YAML with ${ENV} references (default: stdin)")
    parser.add_argument("--timeout", default="5m", metavar="T", help="for its first call (default: 5m)")


def _list(client: Elasticsearch, args: argparse.Namespace) -> None:
    from headpond.cli import show
    from headpond.pipeline.manage import described, listing

    found = listing(client, args.task_type)
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        show.table(["id", "task", "service", "model", "dims"], [list(described(shown)) for shown in found])


def _put(client: Elasticsearch, args: argparse.Namespace) -> None:
    from headpond.pipeline.manage import put, read_body

    stored = put(client, args.id, args.task_type, read_body(args.file), timeout=args.timeout)
    _shown(stored, f"endpoint {args.id} is made")


def _update(client: Elasticsearch, args: argparse.Namespace) -> None:
    from headpond.pipeline.manage import read_body, update

    stored = update(client, args.id, read_body(args.file), timeout=args.timeout)
    _shown(stored, f"endpoint {args.id} is changed")


def _show(client: Elasticsearch, args: argparse.Namespace) -> None:
    from headpond.pipeline.manage import find

    print(json.dumps(find(client, args.id), indent=2))


def _delete(client: Elasticsearch, args: argparse.Namespace) -> None:
    from headpond.pipeline.manage import delete

    if delete(client, args.id, force=args.force):
        print(f"endpoint {args.id} is gone, and its secrets with it")
    else:
        print(f"endpoint {args.id} is stopped; it is built in and starts again when it is asked")


def _try(client: Elasticsearch, args: argparse.Namespace) -> None:
    from headpond.cli import answers
    from headpond.pipeline.manage import ask, find

    endpoint = find(client, args.id)
    if args.json or endpoint["task_type"] not in ("completion", "chat_completion"):
        answer = ask(client, endpoint, args.texts, args.query, input_type=args.input_type, timeout=args.timeout)
        if args.json:
            print(json.dumps(answer, indent=2))
        else:
            answers.show(answer, args.texts)
        return
    try:
        ask(client, endpoint, args.texts, timeout=args.timeout, tell=answers.tell)
    finally:
        print()


def _shown(stored: dict[str, Any], what: str) -> None:
    from headpond.pipeline.manage import described

    _, *parts = described(stored)
    parts[-1] = f"{parts[-1]} dimensions" if parts[-1] else ""
    print(f"{what}: {', '.join(part for part in parts if part)}")


_ACTIONS = {"list": _list, "put": _put, "update": _update, "show": _show, "delete": _delete, "try": _try}
