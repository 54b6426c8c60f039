"""Opens what `--es` names: the pond in process, the pond served over HTTP, a real Elasticsearch, a URL."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.real.distribution import DEFAULT_VERSION
from tests.real.fixtures import start


@dataclass(frozen=True, slots=True)
class Target:
    """A client, and what is behind it."""

    client: Elasticsearch
    real: bool
    version: str


@contextmanager
def open_target(name: str) -> Iterator[Target]:
    """The target `name`: `pond`, `http`, `real`, `real:VERSION` or a URL."""
    kind, _, version = name.partition(":")
    if name == "pond":
        import headpond

        with headpond.connect("memory") as client:
            yield _target(client, real=False)
    elif name == "http":
        with _served() as url, Elasticsearch(url) as client:
            yield _target(client, real=False)
    elif kind == "real":
        with start(version or DEFAULT_VERSION) as node, Elasticsearch(node.url) as client:
            yield _target(client, real=True)
    elif kind in ("http", "https"):
        with Elasticsearch(name) as client:
            yield _target(client, real=True)
    else:
        raise pytest.UsageError(f"--es={name}: expected pond, http, real, real:VERSION or a URL")


def _target(client: Elasticsearch, *, real: bool) -> Target:
    return Target(client, real, client.info()["version"]["number"])


@contextmanager
def _served() -> Iterator[str]:
    """The pond in a process of its own, on a port that the system chose."""
    command = [sys.executable, "-m", "headpond.cli.app", "serve", "--target", "memory", "--port", "0"]
    with (
        tempfile.NamedTemporaryFile("r", suffix=".log") as log,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log.fileno()) as server,
    ):
        try:
            yield _address(server, Path(log.name))
        finally:
            server.terminate()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    while server.poll() is None:
        if found := re.search(r"http://[\w.:]+", log.read_text()):
            return found[0]
        time.sleep(0.05)
    raise RuntimeError(f"the server ended with {server.returncode}:\n{log.read_text()}")
