"""The pytest plugin: a test that asks for `pond` gets an Elasticsearch node of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@pytest.fixture
def pond() -> Iterator[Elasticsearch]:
    """The official client on a fresh node in memory, gone after the test."""
    import headpond

    client = headpond.connect("memory")
    yield client
    client.close()
