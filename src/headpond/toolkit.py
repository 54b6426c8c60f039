"""The one-liners of the public surface: load a pipeline, serve a pond."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headpond.connect import connect, pond_path
from headpond.errors import InputError

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


def serve(target: str | None = None, *, host: str = "127.0.0.1", port: int = 9200, upstream: str | None = None) -> None:
    """Serves a pond over HTTP until interrupted.

    Args:
        target: `memory` or `embedded:PATH`; None takes the default target.
        host: a loopback address.
        port: 0 takes a free one.
        upstream: the URL of a cluster. The pond then answers `_inference/*` for those whom the cluster grants the
            privileges for it, and passes everything else on. `HEADPOND_CA_CERTS` names the file of its authorities.

    Raises:
        InputError: the target is no pond, the address is not a loopback one, or the cluster's URL is none.
        TargetError: the port is taken.
        MissingExtraError: the extra `serve` is missing.
    """
    from headpond import config
    from headpond.node import Node
    from headpond.node.serve import bind
    from headpond.node.serve import serve as answer

    target = target or config.target()
    path = pond_path(target)
    if path is None and target != "memory":
        raise InputError(f"{target!r} cannot be served", hint="valid: memory, embedded, embedded:PATH")
    if upstream is not None:
        _check_upstream(upstream)
    listener = bind(host, port)
    try:
        node = Node(path)
        try:
            bound = listener.getsockname()
            _say_where(target, bound[0], bound[1], upstream)
            answer(node, listener, upstream)
        finally:
            node.close()
    finally:
        listener.close()


def _check_upstream(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{url!r} is not the URL of a cluster", hint="as in --upstream https://es.example.org:9200")
    if parts.username is not None:
        raise InputError(
            "the cluster's URL holds credentials",
            hint="leave them out: whoever asks sends their own, and they are passed on",
        )


def _say_where(target: str, host: str, port: int, upstream: str | None) -> None:
    """Says on stderr where the pond is."""
    what = f"the pond ({target}) answers"
    if upstream is not None:
        what = f"the pond ({target}) answers _inference, {upstream} everything else,"
    sys.stderr.write(f"{what} at http://{host}:{port}, Ctrl-C ends it\n")
    sys.stderr.flush()
