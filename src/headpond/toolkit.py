"""The one-liners of the public surface: load a pipeline, serve a pond."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headpond.connect import connect, pond_path

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from headpond.pipeline import Pipeline


def load(name_or_path: str | Path, *, client: Elasticsearch | None = None) -> Pipeline:
    """A pipeline by name (`quickstart`) or path, bound to a client.

    Args:
        name_or_path: the name of a shipped pipeline, of a file in `pipelines/`, or a path.
        client: the client it works with; None connects to the default target (see `headpond.connect`).

    Raises:
        PipelineError: the file is wrong; the message says in which line.
        UnknownNameError: no pipeline has this name.
    """
    from headpond.pipeline import Pipeline
    from headpond.pipeline.load import load as read

    return Pipeline(read(name_or_path), client or connect())


def serve(target: str | None = None, *, host: str = "127.0.0.1", port: int = 9200) -> None:
    """Serves a pond over HTTP until interrupted.

    Args:
        target: `memory` or `embedded:PATH`; None takes the default target.
        host: a loopback address.
        port: 0 takes a free one.

    Raises:
        InputError: the target is no pond, or the address is not a loopback one.
        TargetError: the port is taken.
        MissingExtraError: the extra `serve` is missing.
    """
    from headpond import config
    from headpond.errors import InputError
    from headpond.node import Node
    from headpond.node.serve import bind
    from headpond.node.serve import serve as answer

    target = target or config.target()
    path = pond_path(target)
    if path is None and target != "memory":
        raise InputError(f"{target!r} cannot be served", hint="valid: memory, embedded, embedded:PATH")
    listener = bind(host, port)
    try:
        node = Node(path)
        try:
            _say_where(target, *listener.getsockname()[:2])
            answer(node, listener)
        finally:
            node.close()
    finally:
        listener.close()


def _say_where(target: str, host: str, port: int) -> None:
    """Says on stderr where the pond is."""
    sys.stderr.write(f"the pond ({target}) answers at http://{host}:{port}, Ctrl-C ends it\n")
    sys.stderr.flush()
