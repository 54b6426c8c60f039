"""List, fetch, add and remove local models.

headpond models list             what is known, and what is on this machine
headpond models pull NAME        fetch a known model's weights, checked by their hashes
headpond models add FOLDER       use a folder of your own: tokenizer.json with ONNX or safetensors, dense, sparse or
                                 cross-encoder; --endpoint makes an inference endpoint of it in the same command
headpond models remove NAME      delete a model's weights
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from headpond.cli import options, show
from headpond.errors import TargetError

if TYPE_CHECKING:
    from headpond.models.card import Card
    from headpond.models.store import Entry

TIMEOUT = "5m"
"""For the endpoint's first call, which loads the model."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what is known, and what is on this machine")
    listing.add_argument("--json", action="store_true", help="print JSON")
    pull = actions.add_parser("pull", help="fetch a known model's weights")
    pull.add_argument("name")
    pull.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="take the files from this folder")
    add = actions.add_parser("add", help="use a folder of your own as a model")
    add.add_argument(
        "folder", type=Path, help="Hugging Face layout: tokenizer.json with model.onnx or model.safetensors"
    )
    add.add_argument("--name", help="the model's name here (default: the folder's)")
    add.add_argument("--task", choices=["text_embedding", "sparse_embedding", "rerank"], help="default: read from it")
    add.add_argument("--onnx", type=Path, metavar="FILE", help="the graph to take, when the folder holds several")
    add.add_argument("--endpoint", metavar="ID", help="make this inference endpoint of it")
    options.add_target(add)
    remove = actions.add_parser("remove", help="delete a model's weights")
    remove.add_argument("name")


def run(args: argparse.Namespace) -> int:
    """Does what the action says."""
    from headpond.models import store
    from headpond.models.adding import add, name_for
    from headpond.models.fetching import pull

    if args.action == "list":
        _list(store.listing(), as_json=args.json)
    elif args.action == "pull":
        with show.model_progress() as tell:
            folder = pull(args.name, tell, folder=args.folder)
        print(f"{args.name} is in {folder}")
    elif args.action == "add":
        card = add(
            name_for(args.folder) if args.name is None else args.name, args.folder, task=args.task, onnx=args.onnx
        )
        print(f"{card.name} is here: {_described(card)}")
        if args.endpoint:
            _make_endpoint(args, card)
        else:
            print("make an endpoint of it with --endpoint ID, or name it as model_id of the service elasticsearch")
    else:
        freed = store.remove(args.name)
        print(f"{args.name} is removed, {freed / 1e6:.1f} MB are free again")
    return 0


def _described(card: Card) -> str:
    parts = [card.task, *([f"{card.dims} dimensions", card.similarity] if card.dims else [])]
    parts.append(f"at most {card.max_tokens} tokens")
    parts += [f"{use} prefix {text!r}" for use, text in card.prefixes if text]
    return ", ".join(parts)


def _make_endpoint(args: argparse.Namespace, card: Card) -> None:
    from elasticsearch import ApiError, TransportError

    from headpond.pipeline.api_error import describe

    settings = {"model_id": card.name, "num_allocations": 1, "num_threads": 1}
    config = {"service": "elasticsearch", "service_settings": settings}
    with options.connect_to(args) as client:
        try:
            client.inference.put(
                task_type=card.task, inference_id=args.endpoint, inference_config=config, timeout=TIMEOUT
            )
        except (ApiError, TransportError) as error:
            raise TargetError(
                f"the endpoint {args.endpoint} was not made: {describe(error)}",
                hint="it can only be made where this machine's models run: in a pond, or with --inference embedded:PATH"
                " before a cluster",
            ) from error
    print(f"{args.endpoint} is an inference endpoint of it ({card.task})")


def _list(entries: list[Entry], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {**entry.card.model_dump(mode="json", exclude={"files", "sources"}), "present": entry.present}
            for entry in entries
        ]
        print(json.dumps(rows, indent=2))
        return
    show.table(
        ["name", "task", "dims", "MB", "on this machine", "licence"],
        [
            [
                entry.card.name,
                entry.card.task,
                str(entry.card.dims or ""),
                f"{entry.card.size / 1e6:.0f}",
                "yes" if entry.present else "no",
                entry.card.licence,
            ]
            for entry in entries
        ],
    )
