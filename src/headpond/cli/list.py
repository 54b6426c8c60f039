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
    from headpond.pipeline.list import pipelines

    found = pipelines()
    if args.json:
        rows = [{"name": one.name, "description": one.description, "file": str(one.path)} for one in found]
        print(json.dumps(rows, indent=2))
    else:
        show.table(["name", "what it does"], [[one.name, one.description] for one in found])
    return 0
