from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from headpond.errors import InputError
from headpond.pipeline.sources import open_source
from headpond.pipeline.sources.base import Item


def read(given: Any) -> list[Item]:
    return list(open_source(given).items())


def test_every_line_of_a_file_is_a_record(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('\ufeff{"a": 1}\n\n{"a": "ü"}', encoding="utf-8")
    assert [(item.line, item.document) for item in read(file)] == [(1, {"a": 1}), (3, {"a": "ü"})]


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    assert [item.document for item in read(str(file))] == [{"a": 1}, {"a": 2}]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n')))
    assert [item.document for item in read("-")] == [{"a": 1}]


def test_a_bad_line_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"a": 1}\n{"a": \n[1, 2]\nnull\n{"a": "\xff"}\n{"a": 2}\n')
    items = read(file)
    assert [item.line for item in items] == [1, 2, 3, 4, 5, 6]
    errors = [item.error for item in items]
    assert errors[0] is None
    assert errors[5] is None
    assert "broken JSON at column" in str(errors[1])
    assert errors[2] == "a record is a JSON object, not an array"
    assert errors[3] == "a record is a JSON object, not null"
    assert errors[4] == "the text is not UTF-8 at byte 8"
    assert items[1].raw == '{"a":'
    assert items[2].raw == [1, 2]


def test_a_file_that_is_one_array_is_answered_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('[\n{"a": 1}\n]\n')
    with pytest.raises(InputError, match=r"one JSON array.*\n  jq -c"):
        read(file)


def test_an_archive_that_ends_midway_gives_what_it_has_and_says_where(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    lines = b"".join(b'{"a": %d}\n' % number for number in range(20_000))
    file.write_bytes(gzip.compress(lines)[:-2000])
    given: list[Item] = []
    with pytest.raises(InputError, match=r"a\.jsonl\.gz:\d+: cannot be read on: Compressed file ended") as caught:
        given.extend(open_source(file).items())
    assert len(given) > 100
    assert f":{len(given) + 1}:" in str(caught.value)


def test_columns_become_fields_and_empty_values_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('\ufeff_id,title,body\n1,"Two\nlines",\n2,B,"x, y"\n', encoding="utf-8")
    assert [(item.line, item.document) for item in read(file)] == [
        (2, {"_id": "1", "title": "Two\nlines"}),
        (4, {"_id": "2", "title": "B", "body": "x, y"}),
    ]


def test_a_table_may_have_tabs_and_be_gzipped(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv.gz"
    file.write_bytes(gzip.compress(b"a\tb\n1\t2\n"))
    assert [item.document for item in read(file)] == [{"a": "1", "b": "2"}]


def test_a_row_of_another_length_is_a_bad_record(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n1,2,3\n1\n3,4\n")
    items = read(file)
    assert [item.error for item in items] == [
        None,
        "the row has 3 values, the header names 2 columns",
        "the row has 1 values, the header names 2 columns",
        None,
    ]
    assert items[1].raw == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "message"), [("", "the file is empty"), ("a,a\n", "two columns are named 'a'"), ("a,,b\n", "has no name")]
)
def test_a_table_needs_a_header(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read(file)


def test_records_from_python_are_copied() -> None:
    mine = {"a": {"b": 1}}
    (item,) = read([mine])
    assert item.document == mine
    assert item.document is not None
    assert item.document["a"] is not mine["a"]


def test_what_is_no_record_is_a_bad_one() -> None:
    items = read([{"a": 1}, "text", {"a": object()}])
    assert [item.error for item in items] == [
        None,
        "a record is a dict, not str",
        "is not JSON: Type is not JSON serializable: object",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.jsonl", "there is no such file"), (".", "is a folder, not a file"), ("a.xml", "is not a format")],
)
def test_a_path_that_is_no_source_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "a.xml").touch()
    with pytest.raises(InputError, match=message):
        open_source(tmp_path / name)


def test_one_record_alone_is_no_source() -> None:
    with pytest.raises(InputError, match="give a list of records"):
        open_source({"a": 1})


def test_a_file_knows_how_far_it_has_been_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n' * 10_000)
    source = open_source(file)
    items = source.items()
    next(items)
    early = source.fraction()
    for _ in range(9_000):
        next(items)
    late = source.fraction()
    assert early is not None
    assert late is not None
    assert early < 0.3 < 0.8 < late <= 1
