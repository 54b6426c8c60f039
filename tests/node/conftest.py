"""Runtimes of uploaded models."""

from __future__ import annotations

import pytest

from tests.node.trained import RUNTIMES, Runtime, runtime_named


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Each runtime in turn; torch where it is installed."""
    return runtime_named(request.param, monkeypatch)
