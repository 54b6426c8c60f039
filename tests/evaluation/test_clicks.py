"""Clicks become judgments, and the positions' share of them does not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from headpond.errors import InputError
from headpond.evaluation.clicks import judge_clicks


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "clicks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_clicks_are_divided_by_what_their_positions_bring(folder: Path) -> None:
    # Position 1 brings 60 of 200, position 2 30 of 200: rates 0.3 and 0.15.
    rows: list[dict[str, object]] = [
        {"query_id": "q", "doc_id": "a", "position": 1, "clicks": 45, "impressions": 100},
        {"query_id": "q", "doc_id": "b", "position": 1, "clicks": 15, "impressions": 100},
        {"query_id": "q", "doc_id": "b", "position": 2, "clicks": 30, "impressions": 100},
        {"query_id": "q", "doc_id": "c", "position": 2, "clicks": 0, "impressions": 100},
    ]
    found = judge_clicks(write(folder, rows))
    assert found.rates == {1: pytest.approx(0.3), 2: pytest.approx(0.15)}
    assert found.ratios == {
        ("q", "a"): pytest.approx(1.5), ("q", "b"): pytest.approx(1.0), ("q", "c"): 0.0,
    }  # fmt: skip
    assert found.qrels == {"q": {"a": 2, "b": 2, "c": 0}}


def test_propensities_take_the_bias_out_where_the_logs_own_rates_cannot(folder: Path) -> None:
    # People look at position 1 always and at 2 half of the time. The good document always stands above.
    draw = random.Random(2)
    rows: list[dict[str, object]] = []
    for at in range(4000):
        for position, (document, liked) in enumerate([("good", 0.8), ("equal", 0.8)], 1):
            looked = draw.random() < (1.0, 0.5)[position - 1]
            clicked = looked and draw.random() < liked
            rows.append({"qid": "q", "doc_id": document, "rank": position, "clicked": clicked, "session": at})
    path = write(folder, rows)
    known = judge_clicks(path, propensities=(1.0, 0.5)).ratios
    assert known["q", "good"] == pytest.approx(known["q", "equal"], rel=0.06)
    raw = sum(row["clicked"] is True for row in rows if row["doc_id"] == "good")
    assert raw > 1.8 * sum(row["clicked"] is True for row in rows if row["doc_id"] == "equal")


def test_pairs_with_little_to_go_by_are_left_out(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"query_id": "q", "doc_id": "a", "position": 1, "clicks": 50, "impressions": 100},
        {"query_id": "q", "doc_id": "rare", "position": 1, "clicks": 1, "impressions": 1},
    ]
    found = judge_clicks(write(folder, rows))
    assert found.qrels == {"q": {"a": 1}}
    assert found.too_few == 1
    assert judge_clicks(folder / "clicks.jsonl", fewest=0.1).qrels["q"]["rare"] == 2


def test_texts_of_queries_are_mapped_to_their_ids(folder: Path) -> None:
    (folder / "clicks.csv").write_text(
        "query,doc_id,position,clicks,impressions\n How  do Mills work,a,1,9,10\nsomething else,a,1,0,10\n"
    )
    found = judge_clicks("clicks.csv", queries={"7": "how do mills work"})
    assert found.qrels == {"7": {"a": 2}}
    assert found.unknown == 1


def test_later_positions_have_the_last_propensity(folder: Path) -> None:
    rows: list[dict[str, object]] = [
        {"query_id": "q", "doc_id": "a", "position": at, "clicks": 5, "impressions": 10} for at in (1, 2, 9)
    ]
    rates = judge_clicks(write(folder, rows), propensities=(1.0, 0.5)).rates
    assert rates[2] == rates[9] == pytest.approx(rates[1] / 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query_id,doc_id,position,clicks\nq,a,0,1\n", "clicks.csv:2: the position '0' is no whole number"),
        ("query_id,doc_id,position,clicks\nq,a,1.5,1\n", "clicks.csv:2: the position '1.5' is no whole number"),
        ("query_id,doc_id,position,clicks\nq,a,1,2\n", "clicks.csv:2: 2 clicks in 1 impressions"),
        ("query_id,doc_id,position,clicks\nq,a,1,some\n", "clicks.csv:2: clicks: 'some' is no number"),
        ("query_id,doc_id,position,clicks\nq,a,1,-1\n", "clicks.csv:2: clicks: '-1' is no number"),
        ("query_id,doc_id,position,clicks\nq,,1,1\n", "clicks.csv:2: an id is missing"),
        ("query_id,doc_id,position,clicks\nq,a,1\n", "clicks.csv:2: 3 columns, the header has 4"),
        ("query_id,doc_id,position,clicks\nq,a,1,0\n", "clicks.csv: there is no click in it"),
        ("query_id,doc_id,clicks\nq,a,1\n", "clicks.csv:1: no column holds the position"),
        ('{"query_id": "q"\n', "clicks.csv:1: no JSON"),
        ('{"query_id": "q", "doc_id": "a", "position": null, "clicks": 1}\n', "no column holds the position"),
        ('{"query_id": null, "doc_id": "a", "position": 1, "clicks": 1}\n', "valid: query-id, query_id, qid"),
        ('{"query_id": ["q"], "doc_id": "a", "position": 1, "clicks": 1}\n', "query_id holds ['q'], not a text"),
        ("{}\n", 'clicks.csv:1: an empty object\n  as in {"query_id": '),
        ('{"query_id": "q", "doc_id": "a", "position": 1, "clicks": 1}\n\n{}\n', "clicks.csv:3: an empty object"),
    ],
)
def test_wrong_logs_are_told_with_their_line(text: str, told: str, folder: Path) -> None:
    (folder / "clicks.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        judge_clicks("clicks.csv")
    assert told in str(caught.value)


def test_propensities_out_of_range_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="above 0 and at most 1"):
        judge_clicks("clicks.csv", propensities=(1.0, 0.0))
