"""Rows of a database as a source, in SQLite."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError, MissingExtraError
from headpond.pipeline.sources import SourceOptions, is_database, open_source
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.sql import SqlSource
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, count, source


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "books.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, body TEXT, price NUMERIC, cover BLOB)"
        )
        rows = [(n, f"T{n}", f"A river number {n}", n / 4, bytes([n])) for n in range(1, 31)]
        connection.executemany("INSERT INTO books VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE TABLE spoiled (id TEXT, body TEXT, weight REAL)")
        spoiled = [("a", "A mill", 1.5), (None, "No id", 2.5), ("b", "Too heavy", float("inf")), ("c", "A dam", None)]
        connection.executemany("INSERT INTO spoiled VALUES (?, ?, ?)", spoiled)
        connection.execute("CREATE TABLE tags (book INTEGER, tag TEXT)")
        connection.executemany("INSERT INTO tags VALUES (?, ?)", [(n // 3, f"t{n}") for n in range(30)])
    return f"sqlite:///{path}"


def documents(items: Any) -> list[dict[str, Any]]:
    return [item.document for item in items if item.document is not None]


def test_a_table_is_ingested(es: Elasticsearch, build: Build, database: str) -> None:
    settings = replace(SETTINGS, id_field="id", sql="books")
    report = build().ingest(database, settings=settings)
    assert (report.read, report.indexed, report.complete) == (30, 30, True)
    made = source(es, "7")
    assert (made["id"], made["title"], made["price"], made["cover"]) == (7, "T7", 1.75, "Bw==")
    again = build().ingest(database, settings=settings)
    assert (again.unchanged, again.inference.requests) == (30, 0)
    assert count(es) == 30


def test_a_query_chooses_rows_and_columns(database: str) -> None:
    opened = SqlSource(database, "SELECT id AS _id, title || ':' || price AS what FROM books WHERE id > 28;")
    assert documents(opened.items()) == [{"_id": 29, "what": "T29:7.25"}, {"_id": 30, "what": "T30:7.5"}]


def test_colons_and_percent_signs_of_a_query_mean_themselves(database: str) -> None:
    opened = SqlSource(database, "SELECT title, ':x' AS colon, 'a\\b' AS slash FROM books WHERE title LIKE '%3'")
    assert documents(opened.items()) == [{"title": f"T{n}", "colon": ":x", "slash": "a\\b"} for n in (3, 13, 23)]


def test_a_table_is_named_behind_the_address(database: str) -> None:
    opened = open_source(f"{database}#books")
    assert opened.name == f"{database}#books"
    assert len(documents(opened.items())) == 30


def test_a_table_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for name in ("two words", "order", "Größe"):
            connection.execute(f'CREATE TABLE "{name}" (id INTEGER, body TEXT)')
            connection.execute(f'INSERT INTO "{name}" VALUES (1, ?)', [name])
    for name in ("two words", "order", "Größe"):
        for id_field in (None, "id"):
            opened = SqlSource(f"sqlite:///{path}#{name}", id_field=id_field)
            assert documents(opened.items()) == [{"id": 1, "body": name}]


def test_a_query_may_end_with_a_comment(database: str) -> None:
    for id_field in (None, "id"):
        opened = SqlSource(database, "SELECT id FROM books WHERE id = 3 -- the third; only", id_field=id_field)
        assert documents(opened.items()) == [{"id": 3}]


def test_rows_that_are_no_records_are_dead_lettered(es: Elasticsearch, build: Build, database: str) -> None:
    report = build().ingest(f"{database}#spoiled", settings=replace(SETTINGS, id_field="id"))
    assert (report.read, report.indexed, report.dead_lettered) == (4, 2, 2)
    assert report.dead_letters is not None
    letters = [orjson.loads(line) for line in report.dead_letters.read_bytes().splitlines()]
    assert sorted(letter["error"] for letter in letters) == [
        "field [id], which should hold the id, is missing",
        "infinity is no number in JSON",
    ]
    assert all("spoiled" in orjson.dumps(letter).decode() for letter in letters)
    assert "{'id': 'b', 'body': 'Too heavy', 'weight': inf}" in [letter["record"] for letter in letters]


@pytest.mark.parametrize("taken", [1, 2, 3, 15, 29, 30])
def test_rows_go_on_behind_any_id_also_one_of_several_rows(database: str, taken: int) -> None:
    whole = SqlSource(database, "tags", id_field="book")
    items: Iterator[Item] = whole.items()
    first = [next(items) for _ in range(taken)]
    items.close()  # type: ignore[attr-defined]
    position = orjson.loads(orjson.dumps(first[-1].position))
    rest = list(SqlSource(database, "tags", id_field="book").items_after(first[-1].line, position))
    assert sorted(one["tag"] for one in documents([*first, *rest])) == sorted(f"t{n}" for n in range(30))
    assert [item.line for item in rest] == list(range(taken + 1, 31))


def test_rows_behind_an_id_are_not_read_again(database: str, tmp_path: Path) -> None:
    opened = SqlSource(database, "SELECT * FROM books", id_field="id")
    last = list(opened.items())[9]
    with closing(sqlite3.connect(tmp_path / "books.db")) as connection, connection:
        connection.execute("DELETE FROM books WHERE id < 5")
        connection.execute("INSERT INTO books (id, title) VALUES (31, 'new')")
    assert [one["id"] for one in documents(opened.items_after(last.line, last.position))] == list(range(11, 32))


def test_without_an_order_a_job_is_not_known_again(database: str) -> None:
    assert SqlSource(database, "books").identity() is None
    identity = SqlSource(database, "books", id_field="id").identity()
    assert identity is not None
    assert identity != SqlSource(database, "tags", id_field="book").identity()


def test_a_query_that_is_refused_says_why(database: str) -> None:
    with pytest.raises(InputError, match=r"cannot be read: no such column: nope"):
        list(SqlSource(database, "SELECT nope FROM books").items())


def test_two_columns_of_one_name_are_refused(database: str) -> None:
    with pytest.raises(InputError, match="two columns are named 'id'"):
        list(SqlSource(database, "SELECT id, id FROM books").items())


def test_an_id_field_must_be_a_column(database: str) -> None:
    with pytest.raises(InputError, match=r"no such column: isbn|no column 'isbn'"):
        list(SqlSource(database, "SELECT title FROM books", id_field="isbn").items())


@pytest.mark.parametrize(
    ("address", "sql", "message"),
    [
        ("{}", None, r"which rows\?"),
        ("{}", "nope", r"there is no table 'nope'\n  tables: books, spoiled, tags"),
        ("sqlite:///nowhere.db", "books", "there is no such file"),
        ("sqlite+nodriver:///nowhere.db", "books", "knows no dialect|there is no such file"),
        ("postgresql+nodriver://me:hidden@127.0.0.1:1/db", "books", "knows no dialect"),
    ],
)
def test_what_cannot_be_opened_is_said(database: str, address: str, sql: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        open_source(address.format(database), SourceOptions(sql=sql))
    assert "hidden" not in str(caught.value)


def test_a_driver_that_is_missing_is_named() -> None:
    pytest.importorskip("sqlalchemy")
    if "psycopg" in sys.modules:
        pytest.skip("psycopg is installed here")
    with pytest.raises(InputError, match=r"driver is missing: psycopg\n  pip install psycopg"):
        SqlSource("postgresql+psycopg://me:hidden@127.0.0.1:1/db", "books")


@pytest.mark.skipif(find_spec("MySQLdb") is not None, reason="mysqlclient is installed here")
def test_a_driver_with_another_name_is_named_by_its_package() -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(InputError, match=r"driver is missing: MySQLdb\n  pip install mysqlclient"):
        SqlSource("mysql://me:hidden@127.0.0.1:1/db", "books")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'headpond\[sql\]'"):
        SqlSource("sqlite:///a.db", "books")


def test_a_query_needs_a_database(build: Build) -> None:
    with pytest.raises(InputError, match="an SQL query is for a database"):
        build().ingest([{"a": 1}], settings=replace(SETTINGS, sql="SELECT 1"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///a.db", True),
        ("mysql+pymysql://h/d", True),
        ("s3://b/a.jsonl", False),
        ("memory://a.jsonl", False),
        ("a.jsonl", False),
        ("https://h/a.jsonl", False),
    ],
)
def test_addresses_of_databases_are_told_from_others(given: str, expected: bool) -> None:
    assert is_database(given) is expected
