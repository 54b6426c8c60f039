"""What a search shows: explanations, marked words, answers and their sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from headpond.cli import hits as shown_hits
from headpond.cli import show, written
from headpond.cli.explained import explained
from headpond.cli.hits import show_hits
from tests.cli.conftest import PIPELINE
from tests.command import Run

EVERYTHING = (
    PIPELINE.partition("tests:")[0]
    .replace("  ranker:", "  writer: {task_type: completion, service: fake, service_settings: {}}\n  ranker:")
    .replace(
        'query: {match: {body: "{{query}}"}}',
        """retriever:
    rrf:
      retrievers:
        - standard: {query: {match: {body: "{{query}}"}}}
        - standard: {query: {match: {title: "{{query}}"}}}
      rank_window_size: 50""",
    )
    + """\
  - collapse: {field: group}
  - diversify: {field: vector}
  - best_chunk: {field: [title, body], highlight: {}}
  - completion: {inference_id: writer, field: [title, body], deadline: 60s}
"""
)
RECORDS = [
    {"_id": "1", "title": "Mills", "body": "Long ago. Water drives a mill.", "group": "a"},
    {"_id": "2", "body": "water and a cat", "group": "a"},
    {"_id": "3", "title": "Dams", "body": "A dam holds water"},
]


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    (tmp_path / "all.yaml").write_text(EVERYTHING)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    assert run("ingest", "all.yaml", "a.jsonl").code == 0
    return run


def test_an_explanation_says_what_legs_and_processors_did(filled: Run) -> None:
    done = filled("search", "all.yaml", "water mill", "--explain")
    assert done.code == 0
    lines = [line.strip() for line in done.out.splitlines()]
    assert any(line.startswith("[0] standard  rank 1") and "+0.0163" in line for line in lines)
    assert any(line.startswith("rerank: ") and "(before: rank 1, " in line for line in lines)
    assert "collapse: 2 with group 'a', stands for 2" in lines
    assert any(line.startswith("diversify: similarity ") for line in lines)
    assert any(line.startswith("best chunk: body 0-30, ") and line.endswith(" by rerank") for line in lines)
    assert "rank 1" not in filled("search", "all.yaml", "water mill").out


def test_without_an_explanation_json_has_no_legs(filled: Run) -> None:
    plain, full = (
        json.loads(filled("search", "all.yaml", "water mill", "--json", *more).out)["hits"]["hits"][0]["_headpond"]
        for more in ([], ["--explain"])
    )
    assert "legs" not in plain
    assert full["legs"][0]["rank"] == 1


@pytest.mark.parametrize("option", [[], ["--answer"]])
def test_an_answer_comes_with_its_sources(filled: Run, option: list[str]) -> None:
    out = filled("search", "all.yaml", "water mill", *option).out
    assert out.startswith("[1] <text> ")  # the fake service says what it was told
    assert "\n[1] Mills  1\n" in out
    assert "rank  before  score" in out


def test_a_pipeline_that_writes_nothing_says_so(filled: Run) -> None:
    done = filled("search", "mill.yaml", "water", "--answer")
    assert done.code == 1
    assert done.err.startswith("error: the pipeline 'mill' has no completion, so it writes no answer\n  give it one: ")


def test_pages_and_filters(filled: Run) -> None:
    page = filled("search", "all.yaml", "water", "--from", "1", "--size", "1").out
    ranks = [line.split()[0] for line in page.partition("rank  before")[2].splitlines()[1:] if line.strip()]
    assert ranks[0] == "2"
    only = filled("search", "all.yaml", "water", "--filter", '{"match": {"title": "dams"}}', "--json")
    assert [hit["_id"] for hit in json.loads(only.out)["hits"]["hits"]] == ["3"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--filter", "{"], "is not JSON"),
        (["--filter", "[]"], "is not a JSON object"),
        (["--filter", "{}"], "is not a query"),
        (["--filter", '"\udcff"'], "is not valid UTF-8"),
        (["--from", "-1"], "whole number"),
        (["--deadline", "soon"], "deadline"),
        (["--deadline", "0s"], "deadline"),
    ],
)
def test_wrong_options_are_refused(filled: Run, option: list[str], message: str) -> None:
    done = filled("search", "all.yaml", "water", *option)
    assert done.code in (1, 2)
    assert message in done.err
    assert "Traceback" not in done.err


def terminal(monkeypatch: pytest.MonkeyPatch, width: int = 80, *, colours: bool = True) -> Console:
    """What is shown goes to a terminal of this width, which is recorded."""
    console = Console(record=True, force_terminal=True, width=width, no_color=not colours, highlight=False)
    monkeypatch.setattr(show, "console", lambda **_: console)
    return console


HIT = {
    "_id": "mill",
    "_score": -1.5,
    "_source": {"title": "Mills", "body": "x"},
    "_headpond": {
        "rank_before": 4,
        "best_chunk": {"field": "body", "text": "The wheel turns.", "start": None, "end": None, "score": None,
                       "by": "inner_hits", "highlighted": "The <em>wheel</em> turns."},
    },
}  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
def test_marked_words_stand_out_on_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    console = terminal(monkeypatch, width)
    show_hits({"hits": {"hits": [HIT, {"_id": "x", "_score": 2.0}]}}, query="a wheel", explain=True)
    html = console.export_html(inline_styles=True, clear=False)
    assert 'font-weight: bold">wheel</span>' in html
    text = console.export_text()
    assert "4 ↑" in text
    assert "best chunk: body, - by inner hits" in text
    assert all(len(line) <= width for line in text.splitlines())


def test_of_a_long_chunk_the_part_with_the_words_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(monkeypatch, 200)
    text = "A wheel. " + "nothing of interest " * 20 + "but the wheel of the mill turns here. " + "and so on " * 20
    chunk = {"field": "body", "text": text, "start": 0, "end": 1, "score": 1, "by": "words", "highlighted": ""}
    show_hits({"hits": {"hits": [{"_id": "x", "_score": 1.0, "_headpond": {"best_chunk": chunk}}]}}, query="mill wheel")
    shown = " ".join(console.export_text().split())
    assert " …" in shown
    assert "but the wheel of the mill turns here." in shown


def test_scores_below_zero_have_bars_too(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(monkeypatch)
    hits = [{"_id": str(score), "_score": score} for score in (2.0, 0.0, -2.0, 0.0123, None)]
    show_hits({"hits": {"hits": hits}})
    lines = [line.strip() for line in console.export_text().splitlines()[1:]]
    assert "2.000 ████████" in lines[0]
    assert "0.0000 ████····" in lines[1]
    assert "-2.000 ········" in lines[2]
    assert "0.0123 ████····" in lines[3]
    assert shown_hits.title_of({"_id": "5"}) == "5"


def test_an_answer_grows_in_a_panel_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    console = terminal(monkeypatch, colours=False)
    with written.heard() as tell:
        tell("A river [1]")
        tell(" does.")
    text = console.export_text()
    assert "╭─ answer ─" in text
    assert "A river [1] does." in text
    with written.heard():
        pass
    assert "no answer" in console.export_text()


def test_what_is_not_known_is_not_explained() -> None:
    assert list(explained({"_id": "1"})) == []
    note = {"skipped": "no text in [body]", "cut_at": 16000}
    assert list(explained({"_headpond": note})) == [
        "not reranked: no text in [body]",
        "reranked by its first 16,000 characters",
    ]
    top = "search.retriever.rrf.retrievers[0].rrf"
    below = {"leg": f"{top}.retrievers[1].retriever.knn", "rank": 1, "score": 0.5}
    legs = [{"leg": top, "rank": 2, "score": None, "legs": [below]}]
    assert list(explained({"_headpond": {"legs": legs}})) == ["[0] rrf  rank 2   -", "  [1] knn  rank 1   0.5"]
