"""What is on disk survives: kills, damaged caches, full disks, other processes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import bulk

from headpond import connect
from headpond.errors import TargetError
from headpond.node import Node, Request
from headpond.node.store.database import FILE_NAME, SCHEMA_VERSION

MAPPINGS = {
    "properties": {
        "t": {"type": "text"},
        "v": {"type": "dense_vector", "dims": 2},
        "s": {"type": "sparse_vector"},
        "c": {"type": "nested", "properties": {"k": {"type": "keyword"}}},
    }
}


def documents(count: int) -> list[dict[str, Any]]:
    return [
        {"_index": "i", "_id": str(n), "t": f"word{n} all", "v": [n + 1, 1], "s": {f"tok{n}": 1.5}, "c": [{"k": "x"}]}
        for n in range(count)
    ]


def ids(client: Elasticsearch, **query: Any) -> list[str]:
    return sorted(hit["_id"] for hit in client.search(index="i", query=query, size=100)["hits"]["hits"])


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    with connect(f"embedded:{tmp_path}") as client:
        client.indices.create(index="i", mappings=MAPPINGS)
        bulk(client, documents(5), refresh=True)
        client.delete(index="i", id="3", refresh=True)
        client.index(index="i", id="4", document={"t": "changed"}, refresh=True)
    return tmp_path


def check_filled(client: Elasticsearch) -> None:
    assert ids(client, match={"t": "all"}) == ["0", "1", "2"]
    assert ids(client, match={"t": "changed"}) == ["4"]
    assert ids(client, nested={"path": "c", "query": {"term": {"c.k": "x"}}}) == ["0", "1", "2"]
    assert ids(client, sparse_vector={"field": "s", "query_vector": {"tok1": 1}}) == ["1"]
    near = client.search(index="i", knn={"field": "v", "query_vector": [1, 1], "k": 1})
    assert near["hits"]["hits"][0]["_id"] == "0"
    assert client.get(index="i", id="4")["_version"] == 2


def test_an_index_is_the_same_after_a_restart(filled: Path) -> None:
    with connect(f"embedded:{filled}") as client:
        check_filled(client)
        assert client.index(index="i", id="3", document={})["_version"] == 3


@pytest.mark.parametrize("damage", ["removed", "cut", "overwritten", "no-list", "bad-list"])
def test_damaged_segment_files_are_rebuilt_from_the_documents(filled: Path, damage: str) -> None:
    folder = next((filled / "segments").iterdir())
    files = list(folder.glob("*.npz"))
    for file in files:
        if damage == "removed":
            file.unlink()
        elif damage == "cut":
            file.write_bytes(file.read_bytes()[:-2000])
        elif damage == "overwritten":
            content = bytearray(file.read_bytes())
            content[len(content) // 3 : len(content) // 3 + 600] = b"\xff" * 600
            file.write_bytes(content)
    if damage == "no-list":
        (folder / "segments.json").unlink()
    if damage == "bad-list":
        (folder / "segments.json").write_text("[1, {}")
    with connect(f"embedded:{filled}") as client:
        check_filled(client)


def test_documents_that_were_never_refreshed_are_found_after_a_restart(tmp_path: Path) -> None:
    with connect(f"embedded:{tmp_path}") as client:
        client.indices.create(index="i", mappings=MAPPINGS, settings={"refresh_interval": "-1"})
        bulk(client, documents(3))
        assert ids(client, match_all={}) == []
    with connect(f"embedded:{tmp_path}") as client:
        assert ids(client, match_all={}) == ["0", "1", "2"]


KILLED = """
    import sys
    from pathlib import Path
    from headpond import connect

    client = connect(f"embedded:{sys.argv[1]}")
    number = 0
    while True:
        body = []
        for number in range(number, number + 20):
            body += [{"index": {"_id": str(number)}}, {"n": number, "v": [1.0, number + 0.5], "text": "some words"}]
        number += 1
        answer = client.bulk(index="i", operations=body, refresh=number % 40 == 0)
        assert not answer["errors"]
        print(number, flush=True)
"""


def test_an_acknowledged_bulk_survives_a_kill(tmp_path: Path) -> None:
    script = textwrap.dedent(KILLED)
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = 0
        while acknowledged < 300:
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout.read().split() if line.isdigit())])
    with connect(f"embedded:{tmp_path}") as client:
        count = client.count(index="i")["count"]
        assert count >= acknowledged
        assert count % 20 == 0, "a bulk request is kept as a whole or not at all"
        found = client.mget(index="i", ids=[str(n) for n in range(acknowledged)])["docs"]
        assert [doc["_source"]["n"] for doc in found] == list(range(acknowledged))
        assert client.search(index="i", query={"match": {"text": "words"}}, size=0)["hits"]["total"]["value"] == count


def test_a_folder_belongs_to_one_pond_at_a_time(tmp_path: Path) -> None:
    first = Node(tmp_path)
    with pytest.raises(TargetError, match="already open in this process") as caught:
        Node(tmp_path)
    assert str(tmp_path) in str(caught.value)
    first.close()
    Node(tmp_path).close()


def test_another_process_is_named_by_its_id(tmp_path: Path) -> None:
    script = f"from headpond.node import Node; Node(__import__('pathlib').Path({str(tmp_path)!r})); print(1); input()"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(TargetError, match=f"process {process.pid}"):
            Node(tmp_path)
        process.kill()
    Node(tmp_path).close()


def test_a_folder_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    Node(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(TargetError, match="upgrade headpond"):
        Node(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("not a database, " * 100)
    with pytest.raises(TargetError, match="cannot be opened"):
        Node(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    Node(tmp_path).close()


def test_a_full_disk_refuses_the_whole_request_and_keeps_what_was(tmp_path: Path) -> None:
    pond = Node(tmp_path)
    with connect(f"embedded:{tmp_path / 'other'}") as reference:
        assert reference.info()["version"]["number"]
    send = lambda method, path, body=b"": pond.handle(  # noqa: E731
        Request(method, path, {}, {"content-type": "application/json"}, body)
    )
    assert send("PUT", "/i/_doc/before", b'{"a": 1}').status == 201
    connection = pond.database.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    lines = b"".join(b'{"index": {"_id": "%d"}}\n{"new": "%s"}\n' % (n, b"x" * 5000) for n in range(20))
    answer = send("POST", "/i/_bulk", lines)
    assert answer.status == 507
    error = answer.json()["error"]
    assert error["type"] == "insufficient_storage_exception"
    assert str(tmp_path) in error["reason"]
    assert "free some space" in error["reason"]
    connection.execute("PRAGMA max_page_count = 1000000")
    assert send("GET", "/i/_doc/0").status == 404
    assert "new" not in send("GET", "/i/_mapping").json()["i"]["mappings"]["properties"]
    assert not send("POST", "/i/_bulk", lines).json()["errors"]
    assert send("POST", "/i/_count").json()["count"] in (0, 1, 21)
    pond.close()


def test_a_deleted_index_leaves_nothing_behind(filled: Path) -> None:
    with connect(f"embedded:{filled}") as client:
        client.indices.delete(index="i")
        assert list((filled / "segments").iterdir()) == []
        client.indices.create(index="i", mappings=MAPPINGS)
        assert ids(client, match_all={}) == []
        with pytest.raises(ApiError, match="404"):
            client.get(index="i", id="1")
