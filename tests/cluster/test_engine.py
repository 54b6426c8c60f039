from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from headpond import cluster
from headpond.cluster import engine
from headpond.errors import TargetError, UnknownNameError

# The docker SDK leaves the socket of a refused connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def collect_sockets() -> Iterator[None]:
    yield
    gc.collect()


def test_no_engine_at_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(TargetError, match="no docker engine answers: there is no socket at the engine's address"):
        engine.connect()


def test_no_engine_at_the_port(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(TargetError, match="no docker engine answers: connection refused") as caught:
            cluster.status()
    assert "start Docker" in str(caught.value.hint)


@pytest.mark.parametrize("call", [cluster.up, cluster.status])
def test_an_unknown_profile_is_named_with_the_known_ones(call):
    with pytest.raises(UnknownNameError, match="unknown cluster profile 'tripple'"):
        call("tripple")
