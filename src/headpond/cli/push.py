"""Install a pipeline's processors on the target, as an ingest pipeline that runs there."""

from __future__ import annotations

import argparse
import json

from headpond.cli import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="a name (see headpond list) or a file")
    parser.add_argument("--dry-run", action="store_true", help="print the requests and send nothing")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Installs the pipeline, and those that it calls, and says which."""
    from headpond.pipeline.find import find
    from headpond.pipeline.load import load
    from headpond.pipeline.push import bodies, push

    spec = load(find(args.pipeline))
    if args.dry_run:
        for name, body in bodies(spec).items():
            print(f"PUT _ingest/pipeline/{name}\n{json.dumps(body, ensure_ascii=False, indent=2)}")
        return 0
    with options.connect_to(args) as client:
        for name, body in push(client, spec).items():
            number = len(body["processors"])
            print(f"ingest pipeline {name} ({number} processor{'s' if number != 1 else ''})")
    return 0
