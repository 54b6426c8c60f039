"""Serves a node over HTTP with uvicorn, in the foreground or in a thread."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headpond.errors import InputError, MissingExtraError, TargetError
from headpond.node.node import Node

if TYPE_CHECKING:
    import uvicorn


def _server(node: Node, host: str, upstream: str | None = None) -> uvicorn.Server:
    try:
        import uvicorn

        from headpond.node.asgi import Application
        from headpond.node.proxy import Proxy
    except ImportError as error:
        raise MissingExtraError("headpond serve", "serve", error.name or "uvicorn") from None
    config = uvicorn.Config(
        Application(node, hosts=[host], upstream=None if upstream is None else Proxy(upstream, verify=_verify())),
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
    )
    return uvicorn.Server(config)


def _verify() -> bool | str:
    return os.environ.get("HEADPOND_CA_CERTS") or True


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address.

    Raises:
        InputError: the address is not a loopback one; whoever reaches the pond can read and write everything in it.
        TargetError: the port is taken.
    """
    name = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InputError(
            f"the pond does not listen on {host!r}: without security it is served on loopback addresses only",
            hint="use 127.0.0.1, and a reverse proxy with authentication in front of it",
        )
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((name, port))
    except OSError as error:
        listener.close()
        raise TargetError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another with --port"
        ) from None
    listener.listen(2048)
    return listener


def serve(node: Node, listener: socket.socket, upstream: str | None = None) -> None:
    """Answers until interrupted (Ctrl-C, SIGTERM); the node is left open.

    Args:
        node: answers; with `upstream` only `_inference`.
        listener: see `bind`.
        upstream: the URL of a cluster that answers everything else.
    """
    _server(node, listener.getsockname()[0], upstream).run(sockets=[listener])


@contextmanager
def serving(node: Node, host: str = "127.0.0.1", port: int = 0, *, upstream: str | None = None) -> Iterator[str]:
    """Serves in a thread while the block runs; gives the URL. Port 0 takes a free one; for `upstream` see `serve`."""
    listener = bind(host, port)
    server = _server(node, host, upstream)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="headpond-serve")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
