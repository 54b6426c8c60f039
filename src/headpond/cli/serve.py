"""Serve the pond over HTTP, for any client in any language.

Answers as Elasticsearch does, on a loopback address, until Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys

from headpond.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("--target", metavar="T", help="memory or embedded:PATH (default: embedded:.headpond)")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=9200, help="0 takes a free one (default: 9200)")


def run(args: argparse.Namespace) -> int:
    """Serves until interrupted."""
    from headpond import config
    from headpond.connect import pond_path
    from headpond.node import Node
    from headpond.node.serve import bind, serve

    target = args.target or config.target()
    path = pond_path(target)
    if path is None and target != "memory":
        raise InputError(f"{target!r} cannot be served", hint="valid: memory, embedded, embedded:PATH")
    listener = bind(args.host, args.port)
    node = Node(path)
    try:
        port = listener.getsockname()[1]
        print(
            f"the pond ({target}) answers at http://{args.host}:{port}, Ctrl-C ends it",
            file=sys.stderr,
            flush=True,
        )
        serve(node, listener)
    finally:
        listener.close()
        node.close()
    return 0
