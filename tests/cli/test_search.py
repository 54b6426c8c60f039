import json
from pathlib import Path

import pytest

from tests.command import Run


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    records = [{"_id": "1", "title": "Mills", "body": "water drives a mill"}, {"_id": "2", "body": "water and a cat"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    assert run("ingest", "mill.yaml", "a.jsonl").code == 0
    return run


def test_hits_are_shown_with_their_rank_before_and_their_passage(filled: Run) -> None:
    done = filled("search", "mill.yaml", "water mill")
    assert done.code == 0
    assert "before" in done.out.splitlines()[0]
    assert "Mills" in done.out
    assert "water drives a mill" in done.out


def test_json_is_the_search_answer(filled: Run) -> None:
    done = filled("search", "mill.yaml", "water mill", "--size", "1", "--json")
    answer = json.loads(done.out)
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["1"]
    assert answer["hits"]["total"]["value"] == 2


def test_no_hits_are_said(filled: Run) -> None:
    assert "no hits" in filled("search", "mill.yaml", "zeppelin").out


def test_a_missing_index_says_what_to_do(run: Run) -> None:
    done = run("search", "mill.yaml", "x", "--target", "memory")
    assert done.code == 1
    assert "articles" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [["search", "mill.yaml", "x"], ["apply", "mill.yaml"]])
def test_a_target_that_is_no_folder_is_said(run: Run, command: list[str]) -> None:
    for path in ("/dev/null", "mill.yaml"):
        done = run(*command, "--target", f"embedded:{path}")
        assert done.code == 1
        assert done.err.startswith(f"error: {path} is not a folder, and a pond needs one\n  embedded:PATH names it")


@pytest.mark.parametrize("command", [["search", "mill.yaml", "x"], ["jobs"]])
def test_a_pond_that_is_not_there_is_said_and_not_made(run: Run, tmp_path: Path, command: list[str]) -> None:
    done = run(*command, "--target", "embedded:nowhere")
    assert done.code == 1
    assert done.err.startswith("error: there is no pond in nowhere\n  headpond ingest makes one")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_size_that_is_no_number_above_zero_is_refused(run: Run, size: str) -> None:
    done = run("search", "mill.yaml", "x", f"--size={size}")
    assert done.code == 2
    assert "whole number" in done.err


@pytest.mark.parametrize("first", ["-1", "few"])
def test_a_from_that_is_no_number_is_refused(run: Run, first: str) -> None:
    done = run("search", "mill.yaml", "water", "--from", first)
    assert done.code == 2
    assert f"'{first}' is not a whole number, 0 or more" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--index", ""], "--index: the name is empty; without the option the pipeline's own index is used"),
        (["--deadline", "-5ms"], "--deadline: '-5ms' is not a time above zero, as in 300ms, 2s or 1m"),
        (["--deadline", "0s"], "--deadline: '0s' is not a time above zero"),
        (["--deadline", "soon"], "--deadline: 'soon' is not a time above zero"),
        (["--filter", "{"], "--filter: '{' is not JSON (unexpected end of data: line 1 column 2 (char 1)), as in {"),
        (["--filter", "[]"], """--filter: '[]' is not a JSON object, as in {"term": {"kind": "a"}}"""),
        (["--filter", "{}"], """--filter: '{}' is not a query, as in {"term": {"kind": "a"}}"""),
        (["--filter", "@gone.json"], '; of a file: "$(cat FILE)"'),
    ],
)
def test_an_argument_that_is_wrong_is_told_with_what_is_valid(run: Run, arguments: list[str], told: str) -> None:
    done = run("search", "mill.yaml", "x", *arguments)
    assert done.code == 2
    assert told in done.err
    assert done.err.count("error:") == 1


@pytest.mark.parametrize("search", ["query: {match_all: {}}", "retriever: {rrf: {retrievers: [{standard: {}}]}}"])
def test_of_several_indices_the_missing_one_is_named_and_the_nearest(filled: Run, tmp_path: Path, search: str) -> None:
    (tmp_path / "other.yaml").write_text(f"index: {{name: other}}\nsearch: {{{search}}}\n")
    done = filled("search", "other.yaml", "x", "--index", "articles,artcles")
    assert done.code == 1
    assert done.err == (
        "error: there is no index [artcles], did you mean [articles]?\n"
        "  headpond ingest other.yaml FILE --index artcles\n"
    )
    done = filled("search", "other.yaml", "x")
    assert done.err == "error: there is no index [other]\n  headpond ingest other.yaml FILE\n"


def test_a_question_that_is_no_text_is_refused(filled: Run) -> None:
    done = filled("search", "mill.yaml", "M\udcfchle")  # as Python decodes an argument of other bytes
    assert (done.code, done.err) == (1, "error: the text to search for is not UTF-8\n")


def test_a_blank_question_is_refused(filled: Run) -> None:
    done = filled("search", "mill.yaml", "  ")
    assert done.code == 1
    assert "blank" in done.err or "empty" in done.err
