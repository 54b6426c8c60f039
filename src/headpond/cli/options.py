"""Options that several verbs share."""

from __future__ import annotations

import argparse

from elasticsearch import Elasticsearch


def add_target(parser: argparse.ArgumentParser) -> None:
    """Declares `--target` and `--inference`."""
    parser.add_argument(
        "--target",
        metavar="T",
        help="embedded:PATH, memory, or a cluster's URL (default: $HEADPOND_TARGET, else embedded:.headpond)",
    )
    parser.add_argument(
        "--inference",
        metavar="I",
        default="target",
        help="who answers _inference for a URL: target (the cluster), embedded or embedded:PATH (a pond in process)",
    )


def connect_to(args: argparse.Namespace) -> Elasticsearch:
    """The client that `--target` and `--inference` describe."""
    from headpond.connect import connect

    inference = "embedded:.headpond" if args.inference == "embedded" else args.inference
    return connect(args.target, inference=inference)


def positive(text: str) -> int:
    """An argument that must be a whole number above zero."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return number
