import pytest

from tests.command import Run


def test_without_an_engine_one_message_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    for command in (["cluster", "status"], ["cluster", "up"], ["search", "mill.yaml", "x", "--target", "cluster"]):
        done = run(*command)
        assert done.code == 1
        assert "docker" in done.err.lower()
        assert "Traceback" not in done.err
