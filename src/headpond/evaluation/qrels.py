"""Reads and writes judgments: TREC qrels, BEIR's `qrels.tsv`, and tables (CSV, TSV).

Source of the format: trec_eval's README (https://github.com/usnistgov/trec_eval): `topic iteration document grade`,
separated by white space; the iteration is not used. BEIR: a header `query-id, corpus-id, score`, separated by tabs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from headpond.errors import InputError
from headpond.evaluation.text_file import TextFile, column, read

Qrels = dict[str, dict[str, int]]
"""Grades by query and document; 0 is judged and not relevant."""

COLUMNS = {
    "query's id": ("query-id", "query_id", "qid", "topic"),
    "document's id": ("corpus-id", "corpus_id", "doc-id", "doc_id", "docid", "docno", "document", "_id"),
    "grade": ("score", "grade", "relevance", "rating", "label", "rel"),
}


def read_qrels(source: str | Path | Mapping[str, Mapping[str, int]]) -> Qrels:
    """The judgments of a file; its format is seen from its content.

    Args:
        source: the file, compressed or not; or the judgments themselves.

    Raises:
        InputError: the file cannot be read, or a line is wrong (says which).
    """
    if isinstance(source, Mapping):
        return {query: dict(grades) for query, grades in source.items()}
    file = read(source)
    qrels: Qrels = {}
    for number, query, document, text in _rows(file):
        grade = _grade(file, number, text)
        grades = qrels.setdefault(query, {})
        if grades.setdefault(document, grade) != grade:
            earlier = grades[document]
            raise file.error(number, f"query {query!r}, document {document!r}: judged {grade} here, {earlier} before")
    if not qrels:
        raise InputError("there are no judgments in it", where=str(file.path))
    return qrels


def qrels_line(query: str, document: str, grade: int) -> str:
    """A line of TREC qrels.

    Raises:
        InputError: an id holds white space, which the format cannot carry.
    """
    for id in (query, document):
        if not id or id.split() != [id]:
            raise InputError(f"the id {id!r} holds white space; TREC's files cannot carry it")
    return f"{query} 0 {document} {grade}\n"


def _rows(file: TextFile) -> Iterator[tuple[int, str, str, str]]:
    number, line = file.first()
    cells = line.split()
    delimiter = "\t" if "\t" in line else "," if "," in line else None
    header = [cell.strip().lower() for cell in line.split(delimiter)] if delimiter else []
    if delimiter and set(header) & _known():
        return _table(file, delimiter)
    if len(cells) == 4 or any(len(line.split()) == 4 for _, line in file.filled()):
        return _trec(file)
    if len(cells) == 6:
        raise file.error(number, "six columns: this is a run, not judgments", "give it to --against instead")
    raise file.error(
        number,
        "these are no judgments in a known format",
        "valid: TREC qrels (topic 0 document grade), or CSV or TSV with a header: query-id, corpus-id, score",
    )


def _known() -> set[str]:
    return {name for names in COLUMNS.values() for name in names}


def _trec(file: TextFile) -> Iterator[tuple[int, str, str, str]]:
    for number, line in file.filled():
        cells = line.split()
        if len(cells) != 4:
            raise file.error(number, f"{len(cells)} columns, not 4", "as in `301 0 FT911-3 1`")
        yield number, cells[0], cells[2], cells[3]


def _table(file: TextFile, delimiter: str) -> Iterator[tuple[int, str, str, str]]:
    rows = file.table(delimiter)
    line, header = next(rows)
    query, document, grade = (column(header, COLUMNS, name, file, line) for name in COLUMNS)
    for number, row in rows:
        if len(row) != len(header):
            raise file.error(number, f"{len(row)} columns, the header has {len(header)}")
        if not row[query] or not row[document]:
            raise file.error(number, "an id is missing")
        yield number, row[query], row[document], row[grade]


def _grade(file: TextFile, number: int, text: str) -> int:
    try:
        grade = float(text)
    except ValueError:
        grade = float("nan")
    if not grade.is_integer():
        raise file.error(number, f"the grade {text!r} is no whole number", "as in 0, 1, 2, 3")
    return int(grade)
