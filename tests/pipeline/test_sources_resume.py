"""A job whose source broke midway goes on behind the last settled record, whatever the source is."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from elasticsearch import Elasticsearch

from headpond.pipeline import IngestStoppedError
from headpond.pipeline.job import JobSettings
from headpond.pipeline.sources.base import Source
from headpond.pipeline.sources.file_source import FileSource
from headpond.pipeline.sources.index import IndexSource
from headpond.pipeline.sources.sql import SqlSource
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, count

RECORDS = [{"nr": n, "body": f"text number {n}"} for n in range(1, 101)]
SMALL = replace(SETTINGS, window=10, bulk_documents=10, heartbeat=0.02, patience=0.2, id_field="nr")


def json_lines(es: Elasticsearch) -> str:
    Path("a.jsonl.gz").write_bytes(gzip.compress("".join(f"{json.dumps(one)}\n" for one in RECORDS).encode()))
    return "a.jsonl.gz"


def json_array(es: Elasticsearch) -> str:
    Path("a.json").write_text(json.dumps(RECORDS, indent=1))
    return "a.json"


def csv(es: Elasticsearch) -> str:
    Path("a.csv").write_text("nr,body\n" + "".join(f"{one['nr']},{one['body']}\n" for one in RECORDS))
    return "a.csv"


def parquet(es: Elasticsearch) -> str:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(RECORDS), "a.parquet", row_group_size=30)
    return "a.parquet"


def index(es: Elasticsearch) -> str:
    operations: list[Any] = []
    for one in RECORDS:
        operations += [{"index": {"_id": str(one["nr"])}}, one]
    es.bulk(index="old", operations=operations, refresh=True)
    return "index:old"


def database(es: Elasticsearch) -> str:
    with closing(sqlite3.connect("a.db")) as connection, connection:
        connection.execute("CREATE TABLE records (nr INTEGER PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO records VALUES (:nr, :body)", RECORDS)
    return "sqlite:///a.db#records"


class Breaking:
    """Makes reading fail behind a record, until it is mended; notes the first record of every reading."""

    def __init__(self, patch: pytest.MonkeyPatch, kind: type[Source], line: int) -> None:
        self.first: list[int] = []
        self.broken = True
        for name in ("items", "items_after"):
            patch.setattr(kind, name, self._wrapped(getattr(kind, name), line))

    def _wrapped(self, original: Any, line: int) -> Any:
        def items(source: Source, *place: Any) -> Iterator[Any]:
            for at, item in enumerate(original(source, *place)):
                if not at:
                    self.first.append(item.line)
                if self.broken and item.line > line:
                    raise RuntimeError("the network went away")
                yield item

        return items


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (json_lines, FileSource),
        (json_array, FileSource),
        (csv, FileSource),
        (parquet, FileSource),
        (index, IndexSource),
        (database, SqlSource),
    ],
)
def test_a_job_goes_on_behind_what_was_settled(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch, make: Any, kind: type[Source]
) -> None:
    given = make(es)
    settings: JobSettings = SMALL
    header = make is csv
    breaking = Breaking(monkeypatch, kind, 55 + header)
    with pytest.raises(IngestStoppedError, match="run the same command again") as caught:
        build().ingest(given, settings=settings)
    assert caught.value.report.read == 55
    breaking.broken = False
    report = build().ingest(given, settings=settings)
    assert breaking.first == [1 + header, 56 + header]
    assert (report.read, report.indexed, report.complete) == (100, 100, True)
    assert count(es) == 100
