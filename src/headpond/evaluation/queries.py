"""Reads queries: TREC topics, BEIR's `queries.jsonl`, and tables (CSV, TSV).

Sources of the formats: TREC topics (https://trec.nist.gov/data/topics_eng/), BEIR
(https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset), MS MARCO's `queries.tsv` (id, tab, text).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from headpond.errors import InputError
from headpond.evaluation.text_file import TextFile, column, read

Queries = dict[str, str]
"""The text of each query, by its id, in the order of the file."""

COLUMNS = {
    "query's id": ("query-id", "query_id", "qid", "id", "_id", "topic"),
    "query's text": ("text", "query", "question", "title"),
}
_TOPIC = re.compile(r"<top(?:ic)?\b(?P<attributes>[^>]*)>(?P<body>.*?)</top(?:ic)?>", re.DOTALL | re.IGNORECASE)
_ID = re.compile(r"<num>\s*(?:Number:)?\s*(?P<id>[^\s<]+)", re.IGNORECASE)
_NUMBER = re.compile(r"\b(?:number|id)\s*=\s*[\"']?(?P<id>[^\"'\s>]+)", re.IGNORECASE)
_TEXT = re.compile(r"<(?:title|query)>\s*(?:Topic:)?\s*(?P<text>[^<]*)", re.IGNORECASE)


def read_queries(source: str | Path | Mapping[str, str]) -> Queries:
    """The queries of a file; its format is seen from its content.

    Args:
        source: the file, compressed or not; or the queries themselves, text by id.

    Raises:
        InputError: the file cannot be read, or a line is wrong (says which).
    """
    if isinstance(source, Mapping):
        return _given(source)
    file = read(source)
    number, line = file.first()
    if line.lstrip().startswith("{"):
        rows = _json_lines(file)
    elif line.lstrip().startswith("<"):
        rows = _topics(file)
    elif "\t" in line:
        rows = _table(file, "\t")
    elif "," in line:
        rows = _table(file, ",")
    else:
        raise file.error(
            number,
            "these are no queries in a known format",
            "valid: TREC topics (<top>...), JSON lines with _id and text, CSV or TSV with a header",
        )
    return _collected(file, rows)


def _given(queries: Mapping[str, str]) -> Queries:
    for id, text in queries.items():
        if not isinstance(id, str) or not isinstance(text, str) or not text.strip():
            raise InputError(f"query {id!r} has no text: {text!r}", hint="queries map ids to texts")
    return dict(queries)


def _collected(file: TextFile, rows: Iterator[tuple[int, str, str]]) -> Queries:
    queries: Queries = {}
    for number, id, text in rows:
        if not id:
            raise file.error(number, "a query without an id")
        if not text.strip():
            raise file.error(number, f"query {id!r} has no text")
        if id in queries:
            raise file.error(number, f"query {id!r} is there twice", "ids must be unique")
        queries[id] = " ".join(text.split())
    if not queries:
        raise InputError("there are no queries in it", where=str(file.path))
    return queries


def _json_lines(file: TextFile) -> Iterator[tuple[int, str, str]]:
    for number, line in file.filled():
        try:
            row: Any = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise file.error(number, f"no JSON: {error}") from None
        if not isinstance(row, dict):
            raise file.error(number, "not an object", 'as in {"_id": "1", "text": "how do mills work"}')
        keys = list(row)
        id = row[keys[column(keys, COLUMNS, "query's id", file, number)]]
        text = row[keys[column(keys, _texts(keys), "query's text", file, number)]]
        if isinstance(id, bool) or not isinstance(id, str | int) or not isinstance(text, str):
            raise file.error(number, f"the id or the text is no string: {id!r}, {text!r}")
        yield number, str(id), text


def _texts(keys: list[str]) -> dict[str, tuple[str, ...]]:
    """What the text may be called: a `title` is the query only where nothing else is."""
    names = COLUMNS["query's text"]
    if {key.lower() for key in keys} & set(names[:-1]):
        names = names[:-1]
    return {"query's text": names}


def _topics(file: TextFile) -> Iterator[tuple[int, str, str]]:
    text = "\n".join(file.lines)
    for topic in _TOPIC.finditer(text):
        number = text.count("\n", 0, topic.start()) + 1
        id = _ID.search(topic["body"]) or _NUMBER.search(topic["attributes"])
        title = _TEXT.search(topic["body"])
        if id is None:
            raise file.error(number, "a topic without a number", "as in <num> Number: 301")
        if title is None:
            raise file.error(number, f"topic {id['id']} has no title", "as in <title> hydropower plants")
        yield number, id["id"], html.unescape(title["text"])


def _table(file: TextFile, delimiter: str) -> Iterator[tuple[int, str, str]]:
    rows = file.table(delimiter)
    line, header = next(rows)
    known = {name for names in COLUMNS.values() for name in names}
    if delimiter == "\t" and len(header) == 2 and not {name.lower() for name in header} & known:
        yield line, header[0], header[1]  # MS MARCO's files have no header
        id, text = 0, 1
    else:
        id = column(header, COLUMNS, "query's id", file, line)
        text = column(header, _texts(header), "query's text", file, line)
    for number, row in rows:
        if len(row) != len(header):
            raise file.error(number, f"{len(row)} columns, the first line has {len(header)}")
        yield number, row[id], row[text]
