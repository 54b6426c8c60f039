"""An index as a source: of the same pond, of another node over HTTP, in slices, and with what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond import connect
from headpond.errors import InputError
from headpond.node import Node
from headpond.node.serve import serving
from headpond.pipeline.retry import Retry
from headpond.pipeline.sources import SourceOptions, open_source
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.cluster import Place
from headpond.pipeline.sources.index import IndexSource
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import QUICK, RECORDS, SETTINGS, count, source, standard


def fill(es: Elasticsearch, index: str, number: int) -> None:
    operations: list[Any] = []
    for n in range(number):
        operations += [{"index": {"_id": f"d{n}"}}, {"n": n, "title": f"t{n}"}]
    assert not es.bulk(index=index, operations=operations, refresh=True)["errors"]


def numbers(items: list[Item]) -> list[int]:
    assert all(item.error is None and item.document is not None for item in items)
    return sorted(item.document["n"] for item in items if item.document is not None)


def of(es: Elasticsearch, index: str = "books", **options: Any) -> IndexSource:
    return IndexSource(Place(index, None, f"index:{index}"), es, retry=QUICK, **options)


def test_documents_of_an_index_are_ingested_into_another(es: Elasticsearch, build: Build) -> None:
    fill(es, "old", 30)
    report = build(processors=[], search={"query": {"match_all": {}}}, response_processors=[]).ingest(
        "index:old", index="new", settings=SETTINGS
    )
    assert (report.read, report.indexed, report.complete) == (30, 30, True)
    es.indices.refresh(index="new")
    assert es.get(index="new", id="d7")["_source"]["n"] == 7
    assert count(es, "new") == 30


def test_slices_hold_every_document_once(es: Elasticsearch) -> None:
    fill(es, "books", 103)
    items = list(of(es, page=10, slices=4).items())
    assert numbers(items) == list(range(103))
    assert [item.line for item in items] == list(range(1, 104))
    assert {item.document["_id"] for item in items if item.document} == {f"d{n}" for n in range(103)}


def test_a_query_chooses(es: Elasticsearch) -> None:
    fill(es, "books", 30)
    query = {"range": {"n": {"gte": 20}}}
    opened = open_source("index:books", SourceOptions(client=es, source_query=query))
    assert numbers(list(opened.items())) == list(range(20, 30))


def test_what_is_written_meanwhile_is_not_seen(es: Elasticsearch) -> None:
    fill(es, "books", 50)
    items = of(es, page=10, slices=2).items()
    first = [next(items) for _ in range(5)]
    es.index(index="books", id="new", document={"n": 99}, refresh=True)
    es.delete(index="books", id="d49", refresh=True)
    assert numbers([*first, *items]) == list(range(50))


@pytest.mark.parametrize("taken", [1, 9, 10, 11, 37, 49, 50])
def test_it_goes_on_behind_any_document(es: Elasticsearch, taken: int) -> None:
    fill(es, "books", 50)
    whole = of(es, page=10, slices=3)
    items = whole.items()
    first = [next(items) for _ in range(taken)]
    items.close()  # type: ignore[attr-defined]
    es.index(index="books", id="new", document={"n": 99}, refresh=True)
    position = orjson.loads(orjson.dumps(first[-1].position))
    rest = list(of(es, page=10, slices=3).items_after(first[-1].line, position))
    assert numbers([*first, *rest]) == list(range(50))
    assert [item.line for item in rest] == list(range(taken + 1, 51))


def test_without_its_point_in_time_everything_is_read_again(es: Elasticsearch) -> None:
    fill(es, "books", 20)
    items = of(es, page=5, slices=2).items()
    last = [next(items) for _ in range(8)][-1]
    items.close()  # type: ignore[attr-defined]
    es.close_point_in_time(id=last.position["pit"])
    assert numbers(list(of(es).items_after(last.line, last.position))) == list(range(20))


def test_a_finished_reading_leaves_no_point_in_time(es: Elasticsearch) -> None:
    fill(es, "books", 20)
    *_, last = of(es, page=5, slices=2).items()
    assert es.options(ignore_status=404).close_point_in_time(id=last.position["pit"])["num_freed"] == 0


def test_vectors_come_along(es: Elasticsearch, build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    es.indices.refresh(index="things")
    items = {item.document["_id"]: item.document for item in of(es, "things").items() if item.document}
    expected = source(es, "mill")
    assert "headpond" in expected
    del expected["headpond"]
    mill = dict(items["mill"])
    assert mill.pop("_id") == "mill"
    assert mill == expected
    assert len(mill["dense"]) == 16


def test_an_index_is_embedded_again_into_itself(es: Elasticsearch, build: Build) -> None:
    vectors = {"dense": {"type": "dense_vector", "dims": 16}, "sparse": {"type": "sparse_vector"}}
    es.indices.create(index="things", mappings={"properties": vectors})
    operations = [part for one in RECORDS for part in ({"index": {"_id": one["_id"]}}, {"body": one["body"]})]
    es.bulk(index="things", operations=operations, refresh=True)
    report = build().ingest("index:things", settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (3, 0)
    assert len(source(es, "dam")["dense"]) == 16


def test_another_cluster_is_read_over_http(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(None, security=True, password="labpass-1")
    try:
        with serving(node) as url:
            with Elasticsearch(url, basic_auth=("elastic", "labpass-1")) as there:
                fill(there, "old", 25)
            with pytest.raises(InputError, match=r"127\.0\.0\.1:\d+/old: cannot be read: .*missing authentication"):
                open_source(f"{url}/old")
            monkeypatch.setenv("HEADPOND_SOURCE_BASIC_AUTH", "elastic:labpass-2")
            with pytest.raises(InputError) as caught:
                open_source(f"{url}/old")
            assert "labpass" not in str(caught.value)
            monkeypatch.setenv("HEADPOND_SOURCE_BASIC_AUTH", "elastic:labpass-1")
            plain = {**standard(), "processors": [], "search": {"query": {"match_all": {}}}, "response_processors": []}
            report = build(**plain).ingest(f"{url}/old", settings=SETTINGS)
            assert (report.read, report.indexed) == (25, 25)
            opened = open_source(url.replace("http://", "http://elastic:labpass-1@") + "/old")
            assert "labpass" not in opened.name
            assert numbers(list(opened.items())) == list(range(25))
    finally:
        node.close()


def test_a_cluster_that_goes_away_midway_says_how_far_it_came(tmp_path: Path) -> None:
    node = Node(None)
    given: list[Item] = []
    try:
        with serving(node) as url:
            with Elasticsearch(url) as there:
                fill(there, "old", 40)
            quick = Retry(attempts=2, base=0.01, longest=0.01)
            items = IndexSource(Place("old", url, f"{url}/old"), retry=quick, page=10, slices=1).items()
            given += [next(items) for _ in range(5)]
        with pytest.raises(InputError, match=r"/old: cannot be read on after \d+ documents"):
            given.extend(items)
    finally:
        node.close()
    assert 5 <= len(given) < 40


def test_an_address_where_nobody_answers_is_said_after_a_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []

    def wait(retry: Retry, attempt: int, error: Exception) -> float:
        waits.append(attempt)
        return 0.0

    monkeypatch.setattr(Retry, "wait", wait)
    with pytest.raises(InputError, match=r"127\.0\.0\.1:1/old: cannot be read: .*Connection refused"):
        open_source("http://127.0.0.1:1/old")
    assert waits == [1, 2]


def test_a_missing_index_is_said_before_anything_is_made(es: Elasticsearch, build: Build) -> None:
    with pytest.raises(InputError, match=r"index:nowhere: cannot be read: .*no such index \[nowhere\]"):
        build().ingest("index:nowhere", settings=SETTINGS)
    assert not es.indices.exists(index="things")


@pytest.mark.parametrize(
    ("given", "message"),
    [("index:", "no name of an index"), ("http://127.0.0.1:1/", "no name of an index behind the address")],
)
def test_an_index_needs_a_name(es: Elasticsearch, given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(given, SourceOptions(client=es))


def test_a_query_needs_an_index(es: Elasticsearch, build: Build) -> None:
    with pytest.raises(InputError, match="a source query is for an index"):
        build().ingest(RECORDS, settings=replace(SETTINGS, source_query={"match_all": {}}))


def test_the_same_index_is_known_again(es: Elasticsearch) -> None:
    fill(es, "books", 2)
    identity = of(es).identity()
    assert identity == of(es).identity()
    assert identity != of(es, query={"term": {"n": 1}}).identity()
    es.indices.delete(index="books")
    fill(es, "books", 2)
    assert identity != of(es).identity()


def test_a_pond_in_a_folder_can_be_read_by_a_second_one(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path / 'pond'}") as first:
        fill(first, "books", 3)
    with connect(f"embedded:{tmp_path / 'pond'}") as again:
        assert numbers(list(of(again).items())) == [0, 1, 2]
