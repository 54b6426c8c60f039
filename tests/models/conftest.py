from __future__ import annotations

import logging
from pathlib import Path

import pytest

from headpond.errors import ModelError
from headpond.models import pull
from headpond.models.adding import add


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HEADPOND_HOME", str(folder))
    monkeypatch.delenv("HEADPOND_MODELS_DIR", raising=False)
    return folder


@pytest.fixture
def tiny(home: Path, tmp_path: Path) -> str:
    """A dense model of random weights in the store."""
    from tests.models.tiny import write_model

    write_model(tmp_path / "tiny")
    return add("tiny", tmp_path / "tiny").name


@pytest.fixture(scope="session")
def minilm() -> str:
    """all-MiniLM-L6-v2 in the store that the test runs share."""
    return fetched("all-minilm-l6-v2")


@pytest.fixture(scope="session")
def splade() -> str:
    """splade-tiny in the store that the test runs share."""
    return fetched("splade-tiny")


def fetched(name: str) -> str:
    """The name, once the model is here; skips where no source can be reached."""
    try:
        pull(name, lambda step: logging.info("%s", step))
    except ModelError as error:
        if error.transient:
            pytest.skip(error.message)
        raise
    return name
