"""List the pipelines that can be named, with what each is for."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Prints the list."""
    from headpond.cli import show
    from headpond.errors import HeadpondError
    from headpond.pipeline.find import names
    from headpond.pipeline.load import load

    rows = []
    for name, file in names():
        try:
            description = load(file).description
        except HeadpondError as error:
            description = f"cannot be read: {error.message.splitlines()[0]}"
        rows.append({"name": name, "description": description, "file": str(file)})
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        show.table(["name", "what it does"], [[row["name"], row["description"]] for row in rows])
    return 0
