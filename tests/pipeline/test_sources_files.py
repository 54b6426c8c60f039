"""Files as sources: what is no record, compression, JSON arrays, Parquet, and going on behind any record."""

from __future__ import annotations

import bz2
import datetime
import decimal
import gzip
import io
import lzma
import random
import sys
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from backports import zstd

from headpond.errors import InputError, MissingExtraError
from headpond.pipeline.sources import open_source, open_sources
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.formats import _record, json, jsonl
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS

LINES = b'{"a": 1}\n\n{"a": "x"}\n{broken\n{"a": 4}\r\n{"a": 5}'
ARRAY = b'\xef\xbb\xbf [{"a": 1, "t": "x]\\"},{"},\n 7, {"b": [1, {"c": "\\\\"}]} , [], {"a": 5}\n ] '


def read(path: Path | str) -> list[Item]:
    return list(open_source(path).items())


def errors(path: Path) -> list[str | None]:
    return [item.error for item in read(path)]


def arrow_table() -> bytes:
    made = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"n": list(range(25)), "t": [f"t{n}" for n in range(25)]}), made, 10)
    return made.getvalue()


FILES: dict[str, bytes] = {
    "a.jsonl": LINES,
    "a.jsonl.gz": gzip.compress(LINES),
    "a.ndjson.bz2": bz2.compress(LINES),
    "a.jsonl.xz": lzma.compress(LINES),
    "a.jsonl.zst": zstd.compress(LINES[:20]) + zstd.compress(LINES[20:]),
    "a.json": ARRAY,
    "lines.json": LINES,
    "a.json.gz": gzip.compress(ARRAY),
    "a.csv": b'_id,t\n1,"two\nlines"\n2,\n3,x,y\n4,z\n',
    "a.parquet": arrow_table(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_goes_on_behind_any_record(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    items = read(path)
    assert len(items) >= 4
    for at, item in enumerate(items):
        position = orjson.loads(orjson.dumps(item.position))
        rest = list(open_source(path).items_after(item.line, position))
        assert [(one.line, one.document, one.error) for one in rest] == [
            (one.line, one.document, one.error) for one in items[at + 1 :]
        ]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("a.jsonl") or name == "a.ndjson.bz2"])
def test_compressed_lines_are_the_same_records(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert [(item.line, item.document) for item in read(path)] == [
        (1, {"a": 1}),
        (3, {"a": "x"}),
        (4, None),
        (5, {"a": 4}),
        (6, {"a": 5}),
    ]


def test_what_two_readers_would_understand_differently_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"a": NaN}\n{"a": 1, "a": 2}\n{"o": {"x": 1, "x" : 1}}\n{"a": "\xff"}\n{"l": [{"k": 1, "\\u006b": 2}]}\n'
        b'{"fine": "a\\": b", "also": "\\": ", "a": {"a": {"a": 1}}}\n{"a": 123456789012345678901234567890}\n'
    )
    found = read(path)
    assert "broken JSON" in str(found[0].error)
    assert found[1].error == "the field [a] stands twice in one object"
    assert found[2].error == "the field [x] stands twice in one object"
    assert found[3].error == "the text is not UTF-8 at byte 8"
    assert found[3].raw == '{"a": "�"}'
    assert found[4].error == "the field [k] stands twice in one object"
    assert found[5].document == {"fine": 'a": b', "also": '": ', "a": {"a": {"a": 1}}}
    assert found[6].document == {"a": 123456789012345678901234567890}


def test_bad_lines_become_dead_letters_with_their_line(tmp_path: Path, build: Build) -> None:
    path = tmp_path / "a.jsonl.zst"
    lines = [orjson.dumps(RECORDS[0]), b'{"a": 1, "a": 2}', orjson.dumps(RECORDS[1]), b"\xff\xfe", b"[]"]
    path.write_bytes(zstd.compress(b"\n".join(lines)))
    report = build().ingest(path, settings=SETTINGS)
    assert (report.read, report.indexed, report.dead_lettered) == (5, 2, 3)
    assert report.dead_letters is not None
    letters = [orjson.loads(line) for line in report.dead_letters.read_bytes().splitlines()]
    assert [letter["line"] for letter in letters] == [2, 4, 5]
    assert all(str(path) in orjson.dumps(letter).decode() for letter in letters)


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST", 100)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": "' + b"x" * 5000 + b'"}\n{"a": 3}\n')
    items = read(path)
    assert [item.line for item in items] == [1, 2, 3]
    assert "longer than" in str(items[1].error)
    assert len(str(items[1].raw)) <= 1000
    assert [item.line for item in open_source(path).items_after(2, items[1].position)] == [3]


def test_compressed_standard_input_is_said_instead_of_dead_lettered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(b'{"a": 1}'))))
    with pytest.raises(InputError, match=r"-: is compressed \(\.gz\)\n  unpack it first: zcat FILE \| headpond"):
        list(open_source("-").items())


def test_a_process_without_standard_input_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="there is no standard input"):
        list(open_source("-").items())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'[\n{"a": 1}\n]', r"is one JSON array.*\n  jq -c '\.\[\]' .* or give the file the ending \.json"),
        ("a.jsonl", '{"a": 1}\n'.encode("utf-16"), r"is UTF-16, JSON is UTF-8\n  iconv"),
        ("a.jsonl", gzip.compress(b'{"a": 1}'), r"is compressed \(\.gz\)\n  give it a name that ends with \.gz"),
        ("a.ndjson", zstd.compress(b'{"a": 1}'), r"is compressed \(\.zst\)"),
        ("a.jsonl", bz2.compress(b'{"a": 1}'), r"is compressed \(\.bz2\)"),
        ("a.jsonl", lzma.compress(b'{"a": 1}'), r"is compressed \(\.xz\)"),
        ("a.json", b'{\n  "a": 1\n}\n', r"is one JSON object over several lines.*\n  jq -c"),
        ("a.json", b'[{"a": 1}, {"a": ', r"a\.json:2: cannot be read on: the file ends inside the array"),
        ("a.json", b'[{"a": 1}] [', r"a\.json:2: cannot be read on: something follows the array"),
        ("a.json", b'[{"a": 1}}', r"cannot be read on: the array is closed by a brace"),
        ("a.jsonl.zst", b"no zstd", r"a\.jsonl\.zst:1: cannot be read on: "),
        ("a.jsonl.gz", b"no gzip", r"a\.jsonl\.gz:1: cannot be read on: Not a gzipped file"),
        ("a.jsonl.xz", b"no xz at all", r"a\.jsonl\.xz:1: cannot be read on: "),
        ("a.parquet", b"no parquet at all", r"a\.parquet:1: cannot be read on: Parquet magic bytes not found"),
        ("a.parquet.gz", b"", r"is compressed inside, not as a whole"),
    ],
)
def test_a_file_that_is_broken_says_where(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(path)


@pytest.mark.parametrize(("module", "ending"), [(gzip, "gz"), (zstd, "zst"), (bz2, "bz2"), (lzma, "xz")])
def test_an_archive_that_breaks_off_gives_what_it_has(tmp_path: Path, module: Any, ending: str) -> None:
    path = tmp_path / f"a.jsonl.{ending}"
    noise = random.Random(7).randbytes(600_000).hex()
    lines = "".join(f'{{"n": "{noise[at : at + 400]}"}}\n' for at in range(0, len(noise), 400))
    packed = module.compress(lines.encode())
    path.write_bytes(packed[: -len(packed) // 10])
    given: list[Item] = []
    with pytest.raises(InputError, match=r"cannot be read on: Compressed file ended"):
        given.extend(open_source(path).items())
    assert 0 < len(given) < 3000
    assert all(item.error is None for item in given)


def test_an_array_is_streamed_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(ARRAY)
    expected = read(path)
    for size in range(1, 40):
        monkeypatch.setattr(json, "_CHUNK", size)
        items = list(open_source(path).items_after(0, [ARRAY.index(b"[") + 1]))
        assert [(item.line, item.document, item.position) for item in items] == [
            (item.line, item.document, item.position) for item in expected
        ]


def test_an_element_that_is_too_long_ends_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "_CHUNK", 50)
    monkeypatch.setattr(_record, "LONGEST", 1000)
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"a": 1}, {"a": "' + b"x" * 5000 + b'"}]')
    items = open_source(path).items_after(0, [1])
    assert next(items).document == {"a": 1}
    with pytest.raises(InputError, match=r"a\.json:2: .*longer than"):
        next(items)


def test_columns_of_all_types_become_json(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    utc = datetime.UTC
    columns: dict[str, Any] = {
        "whole": pyarrow.array([1, None], pyarrow.int32()),
        "float": pyarrow.array([1.5, float("nan")]),
        "exact": pyarrow.array([decimal.Decimal("1.25"), decimal.Decimal("0.12")], pyarrow.decimal128(10, 2)),
        "digits": pyarrow.array([decimal.Decimal("1234567890123456789.12")] * 2, pyarrow.decimal128(30, 2)),
        "day": pyarrow.array([datetime.date(2024, 2, 29)] * 2),
        "local": pyarrow.array([1_000_000_123], pyarrow.timestamp("ns")).take([0, 0]),
        "moment": pyarrow.array(
            [datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=utc)] * 2, pyarrow.timestamp("ms", "UTC")
        ),
        "time": pyarrow.array([datetime.time(1, 2, 3)] * 2),
        "length": pyarrow.array([datetime.timedelta(minutes=1, milliseconds=500)] * 2),
        "bytes": pyarrow.array([b"\x00\xff", None]),
        "category": pyarrow.array(["x", "y"]).dictionary_encode(),
        "map": pyarrow.array([[("a", 1), ("b", 2)], []], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        "object": [{"list": [1, 2], "when": datetime.date(2024, 1, 1)}, {"list": [], "when": None}],
        "vector": pyarrow.array([[0.5, 1.0], [1.0, 2.0]], pyarrow.list_(pyarrow.float32(), 2)),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    first, second = read(path)
    assert first.document == {
        "whole": 1,
        "float": 1.5,
        "exact": 1.25,
        "digits": "1234567890123456789.12",
        "day": "2024-02-29",
        "local": "1970-01-01T00:00:01",
        "moment": "2024-01-02T03:04:05+00:00",
        "time": "01:02:03",
        "length": 60.5,
        "bytes": "AP8=",
        "category": "x",
        "map": {"a": 1, "b": 2},
        "object": {"list": [1, 2], "when": "2024-01-01"},
        "vector": [0.5, 1.0],
    }
    assert second.document is not None
    assert (second.document["whole"], second.document["float"], second.document["bytes"]) == (None, None, None)
    assert second.document["object"] == {"list": [], "when": None}
    assert second.document["map"] == {}
    assert orjson.loads(orjson.dumps(first.document)) == first.document


def test_a_row_that_json_cannot_say_is_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"x": [1.0, float("inf"), 3.0]}), path)
    assert [(item.line, item.error) for item in read(path)] == [
        (1, None),
        (2, "infinity is no number in JSON"),
        (3, None),
    ]


def test_no_value_of_a_name_that_stands_twice_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    maps = pyarrow.map_(pyarrow.string(), pyarrow.list_(pyarrow.map_(pyarrow.int64(), pyarrow.string())))
    rows = [[("k", [[(1, "x")]]), ("l", [[], None])], [("k", []), ("k", None)], None]
    pyarrow.parquet.write_table(pyarrow.table({"m": pyarrow.array(rows, maps)}), path)
    first, second, third = read(path)
    assert first.document == {"m": {"k": [{"1": "x"}], "l": [{}, None]}}
    assert second.error == "the field [k] stands twice in one object"
    assert third.document == {"m": None}

    one = pyarrow.array([1])
    struct = pyarrow.StructArray.from_arrays([one, one], names=["b", "b"])
    for table, name in [(pyarrow.table([one, one], names=["a", "a"]), "a"), (pyarrow.table({"s": struct}), "b")]:
        pyarrow.parquet.write_table(table, path)
        with pytest.raises(InputError, match=f"two columns are named '{name}'"):
            read(path)


def test_earlier_row_groups_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(arrow_table())
    broken = bytearray(path.read_bytes())
    broken[4:200] = bytes(196)  # the pages of the first row group
    path.write_bytes(bytes(broken))
    assert [item.line for item in open_source(path).items_after(12, None)] == list(range(13, 26))
    with pytest.raises(InputError, match=r"a\.parquet:1: cannot be read on"):
        read(path)


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("a.parquet", "pyarrow", "parquet"),
        ("a.jsonl.zst", "backports.zstd", "zstd"),
        ("memory://a.jsonl", "fsspec", "remote"),
    ],
)
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if extra == "zstd" and sys.version_info >= (3, 14):
        pytest.skip("Python reads zstd itself")
    (tmp_path / "a.parquet").write_bytes(b"x")
    (tmp_path / "a.jsonl.zst").write_bytes(b"x")
    with pytest.raises(MissingExtraError, match=rf"pip install 'headpond\[{extra}\]'"):
        read(name if "://" in name else tmp_path / name)


def test_a_pattern_stands_for_its_files_in_order(tmp_path: Path) -> None:
    for number in (2, 1, 3):
        (tmp_path / f"part-{number}.jsonl").write_text(f'{{"n": {number}}}\n')
    (tmp_path / "part-4.txt").touch()
    opened = open_sources([str(tmp_path / "part-*.jsonl")])
    assert [item.document for source in opened for item in source.items()] == [{"n": 1}, {"n": 2}, {"n": 3}]
    with pytest.raises(InputError, match="no file matches"):
        open_sources([str(tmp_path / "other-*.jsonl")])


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "a.jsonl", tmp_path / "folder" / "a.jsonl"
    other.parent.mkdir()
    one.write_text('{"a": 1}\n' * 100_000)
    other.write_text('{"a": 1}\n' * 100_000)
    identity = open_source(one).identity()
    assert identity == open_source(other).identity()
    other.write_text('{"a": 1}\n' * 99_999 + '{"a": 2}\n')
    assert identity != open_source(other).identity()
    assert open_source("-").identity() is None
