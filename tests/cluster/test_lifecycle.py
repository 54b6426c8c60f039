"""The whole life of the cluster on a docker engine, where there is one that has, or can get, the image."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator

import pytest
from elasticsearch import AuthenticationException, Elasticsearch

from headpond import cluster
from headpond.cluster import password
from headpond.errors import HeadpondError, TargetError

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


def missing() -> str | None:
    """Why these tests cannot run here."""
    if shutil.which("docker") is None:
        return "no docker command"
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        return "docker has no compose plugin"
    try:
        cluster.status()
    except HeadpondError as error:
        return error.message
    return None


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A free port, in a compose project and a home of this run's own; all is removed at the end."""
    reason = missing()
    if reason:
        if os.environ.get("HEADPOND_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(reason)
        pytest.skip(f"NO DOCKER: {reason}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROJECT_NAME", f"headpond-test-{uuid.uuid4().hex[:8]}")
        patch.setenv("HEADPOND_ES_HEAP", "512m")
        yield number
        cluster.down(volumes=True)


@pytest.fixture(scope="module")
def url(port: int) -> str:
    started = cluster.up(port=port)
    assert started.state == "healthy"
    return str(started.url)


@pytest.fixture
def secret() -> str:
    found = password.read()
    assert found
    return found


def test_it_answers_the_generated_password_on_loopback(url: str, port: int, secret: str):
    assert url == f"http://127.0.0.1:{port}"
    with Elasticsearch(url, basic_auth=("elastic", secret)) as client:
        assert client.info()["version"]["number"] == cluster.status().version


def test_it_refuses_another_password(url: str):
    with Elasticsearch(url, basic_auth=("elastic", "wrong")) as client, pytest.raises(AuthenticationException):
        client.info()


def test_a_second_up_changes_nothing(url: str, port: int):
    assert cluster.up(port=port).url == url


def test_a_taken_port_is_said(url: str, port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", f"headpond-test-{uuid.uuid4().hex[:8]}")
    with pytest.raises(TargetError, match="the port is taken"):
        cluster.up(port=port)
    cluster.down()


def test_an_image_that_does_not_exist_is_said(monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", f"headpond-test-{uuid.uuid4().hex[:8]}")
    with pytest.raises(TargetError, match="the image cannot be pulled"):
        cluster.up(version="9.0.99")


def test_data_outlives_down(url: str, port: int, secret: str):
    with Elasticsearch(url, basic_auth=("elastic", secret)) as client:
        client.index(index="kept", id="1", document={"n": 1}, refresh=True)
    cluster.down()
    assert cluster.status().state == "absent"
    cluster.up(port=port)
    with Elasticsearch(url, basic_auth=("elastic", secret)) as client:
        assert client.get(index="kept", id="1")["_source"] == {"n": 1}
