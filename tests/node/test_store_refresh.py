"""When a write is seen: by searches after a refresh, by id at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch, NotFoundError

from headpond import connect


@pytest.fixture
def client() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        client.indices.create(index="i", settings={"refresh_interval": "-1"})
        yield client


def count(client: Elasticsearch) -> int:
    return int(client.count(index="i")["count"])


def test_a_search_sees_a_write_after_a_refresh_only(client: Elasticsearch) -> None:
    client.index(index="i", id="1", document={"a": 1})
    assert count(client) == 0
    client.indices.refresh(index="i")
    assert count(client) == 1


def test_a_get_sees_a_write_at_once_unless_it_wants_the_refreshed_state(client: Elasticsearch) -> None:
    client.index(index="i", id="1", document={"a": 1})
    assert client.get(index="i", id="1")["_source"] == {"a": 1}
    with pytest.raises(NotFoundError):
        client.get(index="i", id="1", realtime=False)
    client.index(index="i", id="1", document={"a": 2}, refresh=True)
    client.index(index="i", id="1", document={"a": 3})
    assert client.get(index="i", id="1", realtime=False)["_source"] == {"a": 2}


@pytest.mark.parametrize("refresh", [True, "true", "wait_for"])
def test_a_write_may_ask_for_its_refresh(client: Elasticsearch, refresh: bool | str) -> None:
    client.index(index="i", id="1", document={"a": 1}, refresh=refresh)
    assert count(client) == 1


def test_an_interval_of_zero_shows_every_write_to_the_next_search(client: Elasticsearch) -> None:
    client.indices.put_settings(index="i", settings={"refresh_interval": "0s"})
    client.index(index="i", id="1", document={"a": 1})
    assert count(client) == 1


def test_a_search_shows_the_old_document_until_the_refresh(client: Elasticsearch) -> None:
    client.index(index="i", id="1", document={"a": "old"}, refresh=True)
    client.index(index="i", id="1", document={"a": "new"})
    hits = client.search(index="i")["hits"]["hits"]
    assert [hit["_source"] for hit in hits] == [{"a": "old"}]
    client.delete(index="i", id="1")
    assert count(client) == 1
    client.indices.refresh(index="i")
    assert count(client) == 0


def test_a_refused_document_leaves_nothing_to_refresh(client: Elasticsearch) -> None:
    operations = [{"index": {"_id": "1"}}, {"n": 1}, {"index": {"_id": "2"}}, {"n": "no number"}]
    answer = client.bulk(index="i", operations=operations, refresh=True)
    assert [item["index"]["status"] for item in answer["items"]] == [201, 400]
    assert count(client) == 1


def test_writers_and_searchers_may_work_at_once(client: Elasticsearch) -> None:
    client.indices.put_settings(index="i", settings={"refresh_interval": "0s"})
    failures: list[BaseException] = []

    def write(part: int) -> None:
        try:
            for start in range(0, 200, 20):
                lines = []
                for n in range(start, start + 20):
                    lines += [{"index": {"_id": f"{part}-{n}"}}, {"n": n, f"only{part}": "x"}]
                assert not client.bulk(index="i", operations=lines)["errors"]
        except BaseException as error:
            failures.append(error)

    def search() -> None:
        try:
            for _ in range(30):
                hits = client.search(index="i", size=50)["hits"]["hits"]
                assert all("_source" in hit for hit in hits)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(part,)) for part in range(3)]
    threads += [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    client.indices.refresh(index="i")
    assert count(client) == 600
