"""A name that leads out of the store is the name of no model."""

from pathlib import Path

import pytest

from headpond.errors import UnknownNameError
from headpond.models import store


@pytest.mark.parametrize("name", [".", "..", "../by-name", "../../../victim", "", "a/b"])
def test_what_is_no_name_removes_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").write_text("mine")
    with pytest.raises(UnknownNameError):
        store.remove(name)
    with pytest.raises(UnknownNameError):
        store.remove(str(victim))
    assert (victim / "kept").read_text() == "mine"
