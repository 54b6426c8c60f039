"""The verbs that look at pipelines: apply, lint, list, test."""

import json
from pathlib import Path

import pytest

from tests.command import Run


def test_apply_makes_endpoints_and_index_and_may_be_repeated(run: Run) -> None:
    for _ in range(2):
        done = run("apply", "mill.yaml")
        assert done.code == 0
        assert "endpoint dense (text_embedding" in done.out
        assert "index articles" in done.out


def test_lint_finds_nothing_in_a_good_file(run: Run) -> None:
    done = run("lint", "mill.yaml")
    assert done.code == 0
    assert "1 checked, 0 errors, 0 warnings" in done.out


def test_the_shipped_pipelines_have_no_errors(run: Run) -> None:
    assert " 0 errors" in run("lint").out


def test_list_shows_the_shipped_pipelines(run: Run) -> None:
    names = [row["name"] for row in json.loads(run("list", "--json").out)]
    assert {"quickstart", "dense", "sparse", "hybrid", "bm25-rerank", "dense-openai", "cohere"} <= set(names)
    assert "quickstart" in run("list").out


def test_the_tests_of_a_file_run(run: Run) -> None:
    done = run("test", "mill.yaml")
    assert done.code == 0
    assert "ok     mill: the mill comes first" in done.out
    assert "1 passed, 0 failed" in done.out


@pytest.mark.parametrize(
    ("verb", "right", "wrong", "told"),
    [
        ("lint", "inference_id: ranker", "inference_id: rankr", ["mill.yaml:17: error:", "rankr"]),
        ("test", "first: mill", "first: cat", ["expected cat first, got mill"]),
    ],
)
def test_what_is_wrong_is_said_and_fails(
    run: Run, tmp_path: Path, verb: str, right: str, wrong: str, told: list[str]
) -> None:
    file = tmp_path / "mill.yaml"
    file.write_text(file.read_text().replace(right, wrong))
    done = run(verb, "mill.yaml")
    assert done.code == 1
    assert [part for part in told if part not in done.out] == []


@pytest.mark.parametrize("verb", ["apply", "lint", "test"])
def test_an_unknown_pipeline_names_the_nearest(run: Run, verb: str) -> None:
    done = run(verb, "quikstart")
    assert done.code == 1
    assert "did you mean 'quickstart'?" in done.err
