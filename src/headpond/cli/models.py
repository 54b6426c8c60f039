"""List, fetch, add and remove local models.

headpond models list              what is known and what is here
headpond models pull NAME         fetch the weights, checked by their hashes
headpond models add NAME FOLDER   use a folder of your own (tokenizer.json with ONNX or safetensors)
headpond models remove NAME       delete the weights
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from headpond.cli import show

if TYPE_CHECKING:
    from headpond.models.store import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what is known and what is here")
    listing.add_argument("--json", action="store_true", help="print JSON")
    pull = actions.add_parser("pull", help="fetch a model's weights")
    pull.add_argument("name")
    pull.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="take the files from this folder")
    add = actions.add_parser("add", help="use a folder of your own as a model")
    add.add_argument("name")
    add.add_argument("folder", type=Path)
    add.add_argument("--task", choices=["text_embedding", "sparse_embedding", "rerank"], help="default: read from it")
    remove = actions.add_parser("remove", help="delete a model's weights")
    remove.add_argument("name")


def run(args: argparse.Namespace) -> int:
    """Does what the action says."""
    from headpond.models import store
    from headpond.models.adding import add
    from headpond.models.fetching import pull

    if args.action == "list":
        _list(store.listing(), as_json=args.json)
    elif args.action == "pull":
        with show.model_progress() as tell:
            folder = pull(args.name, tell, folder=args.folder)
        print(f"{args.name} is in {folder}")
    elif args.action == "add":
        card = add(args.name, args.folder, task=args.task)
        print(f"{card.name} ({card.task}) is ready: use it as service_settings.model_id of an elasticsearch endpoint")
    else:
        freed = store.remove(args.name)
        print(f"{args.name} removed, {freed / 1e6:.1f} MB freed")
    return 0


def _list(entries: list[Entry], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {**entry.card.model_dump(mode="json", exclude={"files", "sources"}), "present": entry.present}
            for entry in entries
        ]
        print(json.dumps(rows, indent=2))
        return
    show.table(
        ["name", "task", "dims", "MB", "here", "licence"],
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
