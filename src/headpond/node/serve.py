"""Serves a node over HTTP with uvicorn, in the foreground or in a thread."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headpond.errors import InputError, MissingExtraError, TargetError
from headpond.node.node import Node

if TYPE_CHECKING:
    import uvicorn

Wrap = Callable[[Any, Node], Any]
"""Makes an ASGI application of a node's application and the node."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate to serve with.

    Attributes:
        certificate: a PEM file: the server's certificate, then those between it and the authority.
        key: a PEM file: its private key, not encrypted.
    """

    certificate: Path
    key: Path

    def check(self) -> None:
        """Reads both files.

        Raises:
            InputError: one cannot be read, or they do not belong together.
        """
        for file in (self.certificate, self.key):
            if not file.is_file():
                raise InputError(f"there is no file {file}", hint="--tls-cert and --tls-key name PEM files")
        try:
            # An encrypted key would be asked for on the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password=lambda: "")
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"{self.certificate} and {self.key} cannot be used for TLS: {reason}",
                hint="give a certificate and its own private key, both PEM, the key not encrypted",
            ) from None


def check_extra() -> None:
    """Sees to it that a pond can be served, before one is opened and an address is told.

    Raises:
        MissingExtraError: the extra `serve` is missing.
    """
    try:
        import uvicorn  # noqa: F401

        import headpond.node.asgi
        import headpond.node.proxy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("headpond serve", "serve", error.name or "uvicorn") from None


def _server(
    node: Node, host: str, upstream: str | None = None, tls: Tls | None = None, wrap: Wrap | None = None
) -> uvicorn.Server:
    check_extra()
    import uvicorn

    from headpond.node.asgi import Application
    from headpond.node.proxy import Proxy

    app = Application(node, hosts=[host], upstream=None if upstream is None else Proxy(upstream, verify=_verify()))
    config = uvicorn.Config(
        app if wrap is None else wrap(app, node),
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    return uvicorn.Server(config)


def _verify() -> bool | str:
    return os.environ.get("HEADPOND_CA_CERTS") or True


def bind(host: str, port: int, *, security: bool = False, tls: bool = False) -> socket.socket:
    """A listening socket: on a loopback address, with security and TLS on any.

    Args:
        host: an IP address, or `localhost`.
        port: 0 takes a free one.
        security: whether the pond asks who sends a request.
        tls: whether what is sent is encrypted.

    Raises:
        InputError: the address is not a loopback one, and whoever reaches the pond could read and write everything in
            it, or read passwords on their way to it.
        TargetError: the port is taken, or the address is not one of this machine.
    """
    name = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        raise _not_served(host, "it is no IP address of this machine, such as the loopback address 127.0.0.1") from None
    if not loopback and not security:
        raise _not_served(host, "without security it is served on loopback addresses only")
    if not loopback and not tls:
        raise _not_served(host, "without TLS, which hides passwords, it is served on loopback addresses only")
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


def _not_served(host: str, why: str) -> InputError:
    return InputError(
        f"the pond does not listen on {host!r}: {why}",
        hint="add --security, --tls-cert and --tls-key, or use 127.0.0.1 and a reverse proxy with authentication",
    )


def serve(
    node: Node,
    listener: socket.socket,
    upstream: str | None = None,
    tls: Tls | None = None,
    wrap: Wrap | None = None,
) -> None:
    """Answers until interrupted (Ctrl-C, SIGTERM); the node is left open.

    Args:
        node: answers; with `upstream` only `_inference`.
        listener: see `bind`.
        upstream: the URL of a cluster that answers everything else.
        tls: the certificate to serve with; None serves plain HTTP.
        wrap: puts another ASGI application before the node's; given that and the node.
    """
    _server(node, listener.getsockname()[0], upstream, tls, wrap).run(sockets=[listener])


@contextmanager
def serving(
    node: Node,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    upstream: str | None = None,
    tls: Tls | None = None,
    wrap: Wrap | None = None,
) -> Iterator[str]:
    """Serves in a thread while the block runs; gives the URL. For the arguments see `bind` and `serve`."""
    listener = bind(host, port, security=node.security is not None, tls=tls is not None)
    try:
        server = _server(node, host, upstream, tls, wrap)
    except BaseException:
        listener.close()
        raise
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="headpond-serve")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield f"{'http' if tls is None else 'https'}://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
