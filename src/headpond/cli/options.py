"""Options that several verbs share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Declares `--cache`."""
    parser.add_argument(
        "--cache",
        metavar="C",
        help="where embeddings are kept: a file, index:NAME of the target, or off (default: a file for all jobs)",
    )


def cache_settings(args: argparse.Namespace) -> dict[str, Any]:
    """What `--cache` says, as arguments of `JobSettings`."""
    return {"use_cache": False} if args.cache == "off" else {"cache": args.cache}


def connect_to(args: argparse.Namespace, *, create: bool = True) -> Elasticsearch:
    """The client that `--target` and `--inference` describe.

    Args:
        args: of the verb.
        create: whether a pond may be made; not by a verb that only reads.
    """
    from headpond.connect import connect

    inference = "embedded:.headpond" if args.inference == "embedded" else args.inference
    return connect(args.target, inference=inference, create=create)


def new_file(text: str) -> Path:
    """An argument that must be a file which can be written: that is found out before the work, not after it."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: there is no folder {path.parent}")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, not a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: permission denied")
    return path


def amount(text: str) -> float:
    """An argument that must be a sum of money above zero."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a sum above zero")
    return number


def positive(text: str) -> int:
    """An argument that must be a whole number above zero."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return number


def natural(text: str) -> int:
    """An argument that must be a whole number, 0 or more."""
    try:
        return 0 if text == "0" else positive(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more") from None


def json_object(text: str, like: str = '{"name": "value"}') -> dict[str, Any]:
    """An argument that must be a JSON object.

    Args:
        text: as it was given.
        like: an example, for the error.
    """
    import orjson

    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        file = '; of a file: "$(cat FILE)"' if text.removeprefix("@").endswith(".json") else ""
        raise argparse.ArgumentTypeError(f"{text!r:.100} is not JSON ({error}), as in {like}{file}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r:.100} is not a JSON object, as in {like}")
    return value


def query(text: str) -> dict[str, Any]:
    """An argument that must be a query."""
    like = '{"term": {"kind": "a"}}'
    value = json_object(text, like)
    if not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not a query, as in {like}")
    return value


def time_span(text: str) -> str:
    """An argument that must be a time above zero, in Elasticsearch's units."""
    from headpond.inference.duration import parse_duration

    try:
        seconds = parse_duration(text, "time")
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time above zero, as in 300ms, 2s or 1m")
    return text


def index(text: str) -> str:
    """An argument that must be the name of an index."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty; without the option the pipeline's own index is used")
    return text


def port(text: str) -> int:
    """An argument that must be a port, or 0 for a free one."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return number
