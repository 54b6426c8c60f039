from __future__ import annotations

from pathlib import Path

import pytest

from headpond.cluster import compose
from headpond.errors import TargetError
from tests.cluster.commands import put_docker

# What the real command says -> the words a user must read, and the next step.
COMPLAINTS = {
    "no-plugin": ("docker: 'compose' is not a docker command.", "docker has no compose plugin", "install it"),
    "port": (
        "Error response from daemon: driver failed programming external connectivity on endpoint headpond (0a1b): "
        "Bind for 127.0.0.1:9200 failed: port is already allocated",
        "the port is taken",
        "HEADPOND_ES_PORT=9201",
    ),
    "image": (
        'Error response from daemon: Get "https://docker.elastic.co/v2/": dial tcp: lookup: no such host',
        "the image cannot be pulled",
        "HEADPOND_ES_VERSION",
    ),
    "version": (
        "Error response from daemon: manifest for docker.elastic.co/elasticsearch/elasticsearch:9.99.0 not found: "
        "manifest unknown",
        "the image cannot be pulled",
        "HEADPOND_ES_VERSION",
    ),
    "engine": (
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "no docker engine answers",
        "start Docker",
    ),
    "space": ("write /var/lib/docker/tmp/x: no space left on device", "no space is left", "docker system df"),
    "other": ("something else\nthe last line says it", "the last line says it", "docker compose logs"),
}


def run(secret: str = "hush") -> None:
    compose.run("up", "--detach", secret=secret, variables={"HEADPOND_ES_PORT": "1"}, timeout=20)


@pytest.mark.parametrize(("said", "meaning", "hint"), COMPLAINTS.values(), ids=COMPLAINTS.keys())
def test_what_compose_complains_of_is_said_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, meaning: str, hint: str
):
    (tmp_path / "said").write_text(said)
    put_docker(tmp_path / "bin", monkeypatch, f"cat {tmp_path}/said >&2; exit 1")
    with pytest.raises(TargetError) as caught:
        run()
    assert meaning in caught.value.message
    assert hint in str(caught.value.hint)


def test_without_a_docker_command_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(TargetError, match="no docker command was found"):
        run()


def test_the_password_is_handed_over_in_the_environment_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put_docker(tmp_path / "bin", monkeypatch, f'echo "$@" > {tmp_path}/args; echo "bad: $ELASTIC_PASSWORD" >&2; exit 1')
    with pytest.raises(TargetError, match=r"bad: \*{8}") as caught:
        run(secret="a-secret")
    assert "a-secret" not in f"{caught.value!r}{(tmp_path / 'args').read_text()}"


def test_the_project_has_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_docker(tmp_path / "bin", monkeypatch, f'echo "$@" "$HEADPOND_ES_PORT" > {tmp_path}/args')
    run()
    assert (tmp_path / "args").read_text() == f"compose -p headpond -f {compose.find_file()} up --detach 1\n"
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "other")
    run()
    assert " -p other " in (tmp_path / "args").read_text()
