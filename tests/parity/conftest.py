"""One suite, two nodes: the client every parity test uses, its index, and the answers it is held against."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest
from elasticsearch import Elasticsearch

from headpond.testing import standing
from headpond.testing.recording import Recorded, Recordings
from tests.parity import vectors
from tests.parity.books import BOOKS, BOOKS_BODY
from tests.parity.target import Target, open_target

HERE = Path(__file__).parent
PREFIX = "parity-"
_counts: Counter[str] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    target = config.getoption("--es")
    ours = [item for item in items if HERE in item.path.parents]
    _counts.update(standing.apply(ours, real=target not in ("pond", "http")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _counts:
        counted = ", ".join(f"{_counts[name]} {name}" for name in standing.STANDINGS)
        terminalreporter.write_line(f"parity on {config.getoption('--es')}: {counted}")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with open_target(request.config.getoption("--es")) as opened:
        yield opened


@pytest.fixture(scope="session")
def es(target: Target) -> Elasticsearch:
    """The official client on the node that `--es` names."""
    return target.client


@pytest.fixture(autouse=True)
def skip_where_the_version_differs(request: pytest.FixtureRequest, target: Target) -> None:
    for mark in request.node.iter_markers("differs"):
        version, reason = mark.args
        case = getattr(request.node, "callspec", None)
        concerned = "only" not in mark.kwargs or (case and case.id in mark.kwargs["only"])
        if target.real and target.version == version and concerned:
            pytest.skip(f"{version} answers differently: {reason}")


@cache
def _recordings(path: Path) -> Recordings:
    return Recordings(path)


@pytest.fixture
def recorded(request: pytest.FixtureRequest, target: Target) -> Iterator[Recorded]:
    """`recorded(name, answer)` holds an answer against the one of a real Elasticsearch, or with `--record` keeps it."""
    record: bool = request.config.getoption("--record")
    if record and not target.real:
        raise pytest.UsageError("--record needs a real Elasticsearch: --es=real")
    recordings = _recordings(HERE / "recorded" / f"{request.path.stem.removeprefix('test_')}.json")
    yield Recorded(recordings, request.node.name, record=record)
    if record:
        known = {name.partition("[")[0] for name in vars(request.module)}
        for gone in [test for test in recordings.answers if test.partition("[")[0] not in known]:
            del recordings.answers[gone]
        recordings.save(target.version)


class MakeIndex(Protocol):
    def __call__(
        self,
        mappings: Mapping[str, Any] | None = None,
        docs: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]] = (),
        *,
        settings: Mapping[str, Any] | None = None,
        suffix: str = "",
    ) -> str: ...


@pytest.fixture
def index(request: pytest.FixtureRequest, es: Elasticsearch) -> Iterator[str]:
    """A name for an index of this test alone, not created, removed afterwards with all that begin with it."""
    name = PREFIX + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:200]
    _clear(es, name)
    yield name
    _clear(es, name)


def _clear(es: Elasticsearch, name: str) -> None:
    """Deletes the index and those whose names go on after a dot; a delete takes no wildcards."""
    for found in es.indices.get(index=[name, f"{name}.*"], ignore_unavailable=True, features="aliases"):
        es.indices.delete(index=found)


@pytest.fixture
def make_index(es: Elasticsearch, index: str) -> MakeIndex:
    """Creates the test's index with mappings and documents (ids 1, 2, ... unless given), refreshed; gives its name."""

    def make(
        mappings: Mapping[str, Any] | None = None,
        docs: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]] = (),
        *,
        settings: Mapping[str, Any] | None = None,
        suffix: str = "",
    ) -> str:
        name = f"{index}.{suffix}" if suffix else index
        es.indices.create(index=name, mappings=mappings, settings=settings)
        fill(es, name, docs)
        return name

    return make


def fill(es: Elasticsearch, index: str, docs: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]) -> None:
    named = docs if isinstance(docs, Mapping) else {str(at): doc for at, doc in enumerate(docs, start=1)}
    if named:
        operations = [part for key, doc in named.items() for part in ({"index": {"_id": key}}, doc)]
        answer = es.bulk(index=index, operations=operations, refresh=True)
        assert not answer["errors"], answer


@pytest.fixture(scope="session")
def books(es: Elasticsearch) -> Iterator[str]:
    """An index of twelve books that no test changes."""
    name = f"{PREFIX}books"
    es.indices.delete(index=name, ignore_unavailable=True)
    es.indices.create(index=name, **BOOKS_BODY)
    fill(es, name, BOOKS)
    yield name
    es.indices.delete(index=name, ignore_unavailable=True)


@pytest.fixture(scope="session")
def passages(es: Elasticsearch) -> Iterator[str]:
    """An index of eight passages with dense (cosine) and sparse vectors that no test changes."""
    name = f"{PREFIX}passages"
    es.indices.delete(index=name, ignore_unavailable=True)
    es.indices.create(index=name, mappings=vectors.mapping())
    fill(es, name, vectors.documents())
    yield name
    es.indices.delete(index=name, ignore_unavailable=True)
