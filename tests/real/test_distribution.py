from __future__ import annotations

from pathlib import Path

import pytest

from tests.real import distribution


@pytest.fixture
def no_jdk_known(monkeypatch: pytest.MonkeyPatch):
    distribution.find_jdk.cache_clear()
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", "")
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield
    distribution.find_jdk.cache_clear()


def a_jdk(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "javac").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


def test_a_machine_without_a_jdk_is_told_what_to_install(no_jdk_known: None):
    with pytest.raises(distribution.UnavailableError, match="no JDK 21 or newer was found; install one"):
        distribution.find_jdk()


def test_an_old_jdk_is_named_and_not_used(no_jdk_known: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JAVA_HOME", str(a_jdk(tmp_path / "seventeen", "17.0.15")))
    with pytest.raises(distribution.UnavailableError, match="seventeen is 17"):
        distribution.find_jdk()


def test_a_named_jdk_goes_first(no_jdk_known: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JAVA_HOME", str(a_jdk(tmp_path / "old", "21.0.1")))
    monkeypatch.setenv("ES_JAVA_HOME", str(a_jdk(tmp_path / "new", "25.0.3")))
    assert distribution.find_jdk() == tmp_path / "new"


def test_a_machine_without_maven_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(distribution.UnavailableError, match="no Maven"):
        distribution._fetch("9.2.4", tmp_path)
