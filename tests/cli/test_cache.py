import json
from pathlib import Path

import pytest

from tests.command import Run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))


def ingest(run: Run, tmp_path: Path, *options: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"_id": "1", "body": "a mill"}\n{"_id": "2", "body": "a cat"}\n')
    assert run("ingest", "mill.yaml", "a.jsonl", "--target", "embedded:pond", *options).code == 0


def test_the_file_is_shown_pruned_and_emptied(run: Run, tmp_path: Path) -> None:
    ingest(run, tmp_path)
    shown = run("cache", "stats").out
    assert "embeddings.sqlite: 2 embeddings, " in shown
    assert "of at most 8,589.9 MB" in shown
    assert json.loads(run("cache", "stats", "--json").out)["entries"] == 2
    assert run("cache", "prune").out == "0 embeddings forgotten\n"
    assert run("cache", "clear").out == "2 embeddings forgotten\n"
    assert json.loads(run("cache", "stats", "--json").out)["entries"] == 0


def test_an_index_of_the_target_is_a_cache_for_a_team(run: Run, tmp_path: Path) -> None:
    ingest(run, tmp_path, "--cache", "index:team")
    team = ("--cache", "index:team", "--target", "embedded:pond")
    assert "index:team: 2 embeddings" in run("cache", "stats", *team).out
    assert run("cache", "clear", *team).out == "2 embeddings forgotten\n"


def test_no_cache_at_all(run: Run, tmp_path: Path) -> None:
    ingest(run, tmp_path, "--cache", "off")
    done = run("cache", "stats")
    assert done.code == 1
    assert "embeddings.sqlite: there is no cache here: nothing has been embedded yet" in done.err
    assert not (tmp_path / "home" / "embeddings.sqlite").exists()


def test_a_file_that_is_no_cache_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"no database" * 1000)
    done = run("cache", "stats", "--cache", "x.sqlite")
    assert done.code == 1
    assert "x.sqlite: the embedding cache cannot be used" in done.err
