"""Say what is wrong with an inference endpoint, and what to do about it.

Asks the endpoint a small thing, looks at what comes back, and with --index at whether an index can hold it. Ends with 0
when all is well and with 1 when something is wrong.

headpond doctor articles-dense
headpond doctor articles-dense --index articles --timeout 2m --json
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from headpond.cli import options

if TYPE_CHECKING:
    from headpond.pipeline.doctor import Diagnosis


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("endpoint", metavar="ENDPOINT", help="an id (see headpond endpoints list)")
    parser.add_argument("--index", metavar="NAME", help="an index its embeddings are to fit")
    parser.add_argument("--field", metavar="NAME", help="the field of the index (default: any of the right type)")
    parser.add_argument("--timeout", default="30s", metavar="T", help="how long an answer may take (default: 30s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Examines the endpoint and prints what was found."""
    diagnosis = _diagnosis(args)
    if args.json:
        print(json.dumps(diagnosis.to_json(), indent=2))
    else:
        for finding in diagnosis.findings:
            print(f"{'ok' if finding.ok else 'wrong':7}{finding.check}: {finding.what}")
            if not finding.ok:
                print(f"       cause: {finding.cause}")
            if finding.next:
                print(f"       next: {finding.next}")
    return 0 if diagnosis.ok else 1


def _diagnosis(args: argparse.Namespace) -> Diagnosis:
    from headpond.errors import TargetError
    from headpond.pipeline.doctor import Diagnosis, examine, explain_target

    try:
        client = options.connect_to(args)
    except TargetError as error:
        return Diagnosis(args.endpoint, [explain_target(error)])
    with client:
        return examine(client, args.endpoint, index=args.index, field=args.field, timeout=args.timeout)
