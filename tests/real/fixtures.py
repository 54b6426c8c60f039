"""The fixture `real_node`, and the lines that say when it could not be had."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.real.distribution import DEFAULT_VERSION, UnavailableError
from tests.real.node import RealNode

missing: dict[str, str] = {}  # version -> why it could not be started, for the end of the run


def start(version: str, make: Callable[[str], RealNode] = RealNode) -> RealNode:
    """A running node, or a skip that is repeated at the end of the run.

    `HEADPOND_TEST_REQUIRE_REAL=1` turns the skip into a failure, for machines that must have a node.
    """
    try:
        return make(version)
    except UnavailableError as error:
        missing[version] = str(error)
        if os.environ.get("HEADPOND_TEST_REQUIRE_REAL") == "1":
            pytest.fail(f"no real Elasticsearch {version}: {error}", pytrace=False)
        pytest.skip(f"no real Elasticsearch {version}: {error}")


def say_what_could_not_run(reporter: pytest.TerminalReporter) -> None:
    for version, reason in missing.items():
        reporter.section(f"NOT RUN: tests that need a real Elasticsearch {version}", yellow=True, bold=True)
        reporter.line(reason)


@pytest.fixture(scope="session")
def real_node() -> Iterator[RealNode]:
    """A real Elasticsearch of the default version, shared by the run; tests clean up after themselves."""
    with start(DEFAULT_VERSION) as node:
        yield node
