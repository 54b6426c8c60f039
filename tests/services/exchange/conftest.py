"""Servers on this machine, and a pool of connections for each test."""

import ssl
from collections.abc import Iterator

import pytest

from headpond.services._http import client as http
from headpond.services._http.connections import Connections
from headpond.services._http.proxied import Proxied
from tests.services.exchange.server import Script, Serve, Server


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    """A pool for each test."""
    pool, proxied = Connections(), Proxied()
    monkeypatch.setattr(http, "_connections", pool)
    monkeypatch.setattr(http, "_proxied", proxied)
    yield pool
    pool.close()
    proxied.close()


@pytest.fixture
def serve(connections: Connections) -> Iterator[Serve]:
    """Makes servers."""
    servers: list[Server] = []

    def make(script: Script, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(script, tls))
        return servers[-1]

    yield make
    connections.close()
    for server in servers:
        server.close()
