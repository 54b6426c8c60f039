"""Judgments from clicks, with the bias of positions taken out.

What stands higher is clicked more, whatever it is. So the clicks of a document are divided by those that its positions
would have brought an average document:

    expected(query, document) = sum over positions of impressions * rate(position)
    ratio = clicks / expected

With rates taken from the log itself this is *clicks over expected clicks* (W. V. Zhang and R. Jones, "Comparing click
logs and editorial labels for training query rewriting", WWW 2007 workshop on query log analysis). Better documents
stand higher already, so these rates say too much about positions; where propensities are known (from an experiment that
swaps positions: T. Joachims, A. Swaminathan and T. Schnabel, "Unbiased learning-to-rank with biased feedback", WSDM
2017), `rate = propensity * the log's clicks per propensity`, which is their inverse weighting as a ratio.

The ratio becomes a grade at fixed steps: below 0.5 is 0, below 1 is 1, below 2 is 2, above is 3. These are our own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from headpond.errors import InputError
from headpond.evaluation import qrels as judgments
from headpond.evaluation.qrels import Qrels
from headpond.evaluation.queries import Queries
from headpond.evaluation.text_file import TextFile, column, read

STEPS = (0.5, 1.0, 2.0)
"""Ratios at which the next grade begins."""

FEWEST = 1.0
"""Expected clicks below which there is too little to go by."""

COLUMNS = {
    "query": judgments.COLUMNS["query's id"],
    "document's id": judgments.COLUMNS["document's id"],
    "position": ("position", "rank"),
    "clicks": ("clicks", "clicked", "click"),
}
QUERY_TEXT = {"query": (*COLUMNS["query"], "query", "text")}
IMPRESSIONS = ("impressions", "views", "shown")
_NAMES = {name for names in (*COLUMNS.values(), *QUERY_TEXT.values(), IMPRESSIONS) for name in names}


@dataclass(frozen=True, slots=True)
class Shown:
    """A document that stood at a position for a query.

    Attributes:
        line: of the log.
        query: its id or its text.
        document: its id.
        position: from 1.
        clicks: how often it was clicked there.
        impressions: how often it stood there.
    """

    line: int
    query: str
    document: str
    position: int
    clicks: float
    impressions: float


@dataclass(slots=True)
class ClickJudgments:
    """What a click log says.

    Attributes:
        qrels: the grades.
        ratios: clicks over expected clicks, of the same pairs.
        too_few: pairs left out because too few clicks were expected.
        unknown: lines whose query is not among the queries.
        rates: clicks per impression that were expected, by position.
    """

    qrels: Qrels = field(default_factory=dict)
    ratios: dict[tuple[str, str], float] = field(default_factory=dict)
    too_few: int = 0
    unknown: int = 0
    rates: dict[int, float] = field(default_factory=dict)


def judge_clicks(
    path: str | Path,
    *,
    queries: Queries | None = None,
    propensities: Sequence[float] = (),
    fewest: float = FEWEST,
) -> ClickJudgments:
    """Judgments from a click log.

    Args:
        path: JSON lines, CSV or TSV; a line is an impression (`clicked` 0 or 1), or many (`clicks`, `impressions`).
        queries: maps the texts of the log to ids; None where the log has ids.
        propensities: how likely each position is looked at, from the first; the last holds for those behind it. Rates
            of the log itself when empty.
        fewest: expected clicks that a pair needs.

    Raises:
        InputError: the file cannot be read, a line is wrong (says which), or there is no click in it.
    """
    if any(not 0 < share <= 1 for share in propensities):
        raise InputError(f"propensities are above 0 and at most 1, not {list(propensities)}")
    found = ClickJudgments()
    file = read(path)
    log = list(_known(_shown(file), queries, found))
    found.rates = _rates(log, propensities)
    if not any(found.rates.values()):
        raise InputError("there is no click in it", where=str(file.path))
    clicks: dict[tuple[str, str], float] = defaultdict(float)
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for one in log:
        pair = (one.query, one.document)
        clicks[pair] += one.clicks
        expected[pair] += one.impressions * found.rates[one.position]
    for pair, wanted in expected.items():
        if wanted < fewest:
            found.too_few += 1
            continue
        found.ratios[pair] = clicks[pair] / wanted
        found.qrels.setdefault(pair[0], {})[pair[1]] = bisect_right(STEPS, found.ratios[pair])
    return found


def _rates(log: Sequence[Shown], propensities: Sequence[float]) -> dict[int, float]:
    clicks: dict[int, float] = defaultdict(float)
    impressions: dict[int, float] = defaultdict(float)
    for one in log:
        clicks[one.position] += one.clicks
        impressions[one.position] += one.impressions
    if not propensities:
        return {at: clicks[at] / shown if shown else 0.0 for at, shown in impressions.items()}
    looked = {at: propensities[min(at, len(propensities)) - 1] for at in impressions}
    level = sum(clicks.values()) / (sum(impressions[at] * looked[at] for at in impressions) or 1.0)
    return {at: level * share for at, share in looked.items()}


def _known(log: Iterator[Shown], queries: Queries | None, found: ClickJudgments) -> Iterator[Shown]:
    """The log with ids of queries."""
    if queries is None:
        yield from log
        return
    ids = {_plain(text): id for id, text in queries.items()}
    for one in log:
        id = one.query if one.query in queries else ids.get(_plain(one.query))
        if id is None:
            found.unknown += 1
        else:
            yield Shown(one.line, id, one.document, one.position, one.clicks, one.impressions)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _shown(file: TextFile) -> Iterator[Shown]:
    number, line = file.first()
    if line.lstrip().startswith("{"):
        for number, line in file.filled():
            try:
                row: Any = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise file.error(number, f"no JSON: {error}") from None
            if not isinstance(row, dict):
                raise file.error(number, "not an object")
            for key in row:
                if isinstance(row[key], dict | list) and key.lower() in _NAMES:
                    raise file.error(number, f"{key} holds {row[key]!r:.50}, not a text or a number")
            keys = [key for key in row if row[key] is not None]
            yield _read(file, number, keys, number, [_cell(row[key]) for key in keys])
        return
    rows = file.table("\t" if "\t" in line else ",")
    first, header = next(rows)
    for number, cells in rows:
        if len(cells) != len(header):
            raise file.error(number, f"{len(cells)} columns, the header has {len(header)}")
        yield _read(file, number, header, first, cells)


def _cell(value: Any) -> str:
    return {True: "1", False: "0"}[value] if isinstance(value, bool) else str(value)


def _read(file: TextFile, number: int, header: Sequence[str], named: int, cells: Sequence[str]) -> Shown:
    """A line of the log; its columns are named in the line `named`."""
    names = COLUMNS
    if not {name.lower() for name in header} & set(COLUMNS["query"]):
        names = COLUMNS | QUERY_TEXT
    if not header:
        raise file.error(
            number, "an empty object", 'as in {"query_id": "q1", "doc_id": "d7", "position": 1, "clicks": 0}'
        )
    query, document, position, clicks = (cells[column(header, names, name, file, named)] for name in names)
    shown = next((cells[at] for at, name in enumerate(header) if name.lower() in IMPRESSIONS), "1")
    at, clicked, times = (
        _amount(file, number, name, text)
        for name, text in (("position", position), ("clicks", clicks), ("impressions", shown))
    )
    if not at.is_integer() or at < 1:
        raise file.error(number, f"the position {position!r} is no whole number from 1 on")
    if clicked > times:
        raise file.error(number, f"{clicks} clicks in {shown} impressions", "count at most one click an impression")
    if not query or not document:
        raise file.error(number, "an id is missing")
    return Shown(number, query, document, int(at), clicked, times)


def _amount(file: TextFile, number: int, name: str, text: str) -> float:
    try:
        amount = float({"true": "1", "false": "0"}.get(text.lower(), text))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise file.error(number, f"{name}: {text!r} is no number of 0 or more")
    return amount
