from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from headpond.cluster import password
from headpond.errors import TargetError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path))
    monkeypatch.delenv(password.VARIABLE, raising=False)
    return tmp_path


def test_a_password_is_made_once_and_kept():
    made = password.read_or_make()
    assert len(made) >= 24
    assert password.read_or_make() == password.read() == made


def test_only_the_owner_may_read_it():
    password.read_or_make()
    assert stat.S_IMODE(password.file().stat().st_mode) == 0o600


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch):
    password.read_or_make()
    monkeypatch.setenv(password.VARIABLE, "given")
    assert password.read_or_make() == "given"


def test_a_given_password_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(password.VARIABLE, "given")
    password.read_or_make()
    assert not password.file().exists()


def test_a_file_is_named_only_when_its_password_is_the_one_in_use(monkeypatch: pytest.MonkeyPatch):
    assert password.kept_in() is None
    password.read_or_make()
    assert password.kept_in() == password.file()
    monkeypatch.setenv(password.VARIABLE, "given")
    assert password.kept_in() is None


def test_there_is_none_before_one_is_made_and_after_it_is_forgotten():
    assert password.read() is None
    password.read_or_make()
    password.forget()
    assert password.read() is None


def test_a_folder_that_cannot_be_written_is_named(home: Path):
    (home / "cluster").write_text("a file where a folder should be")
    with pytest.raises(TargetError, match=f"cannot be kept in {home}{os.sep}cluster"):
        password.read_or_make()
