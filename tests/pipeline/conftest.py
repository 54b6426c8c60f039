"""Small pipelines on a pond in memory whose endpoints the fake service serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.node import Node
from headpond.pipeline import Pipeline
from tests.pipeline.pipelines import RECORDS, SETTINGS, pipeline
from tests.pipeline.watched import Watch, watched

Build = Callable[..., Pipeline]


@pytest.fixture(autouse=True)
def in_its_folder(folder: Path) -> None:
    """Dead letters and caches of a test stay in its own folder."""


@pytest.fixture
def build(es: Elasticsearch) -> Build:
    """Makes a pipeline on the pond from changes to the standard one."""

    def make(**changes: Any) -> Pipeline:
        return pipeline(es, **changes)

    return make


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.gate.set()


@pytest.fixture
def seen(watch: Watch) -> Iterator[Elasticsearch]:
    """A client of a pond that holds the records; what it asks of endpoints from now on is watched."""
    client = watched(Node(None), watch)
    pipeline(client).ingest(RECORDS, settings=SETTINGS)
    watch.asked.clear()
    yield client
    watch.gate.set()
    client.close()


@pytest.fixture
def long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that failed is left alone for longer than a busy machine needs for the test."""
    monkeypatch.setattr("headpond.pipeline.query.breaker.FIRST_PAUSE", 600.0)
