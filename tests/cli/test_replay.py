import json
from pathlib import Path

import pytest

from tests.command import Run

RECORDS = [{"_id": "1", "body": "water drives a mill", "year": "?"}, {"_id": "2", "body": "a cat", "year": 2}, "oops"]


@pytest.fixture
def bad(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The letters of an index whose `year` is a number: one that it refused, one that is no record."""
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    pipeline, body = tmp_path / "mill.yaml", "body: {type: text}"
    pipeline.write_text(pipeline.read_text().replace(body, f"{body}\n        year: {{type: integer}}"))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    done = run("ingest", "mill.yaml", "a.jsonl", "--target", "embedded:pond", "--dead-letters", "bad.jsonl")
    assert done.code == 3
    assert done.out.startswith("3 read: 1 indexed, 0 unchanged, 2 dead-lettered")
    return tmp_path / "bad.jsonl"


def replay(run: Run, *args: str) -> tuple[int, str, str]:
    done = run("replay", "bad.jsonl", "--target", "embedded:pond", *args)
    return done.code, done.out, done.err


def test_letters_are_repaired_and_sent_and_the_rest_stays(run: Run, bad: Path) -> None:
    code, out, _ = replay(run, "--only", "stage=bulk", "--set", "year=1900", "--in-place", "--report", "report.json")
    assert code == 0
    assert out.splitlines() == [
        "1 letter: 1 indexed, 0 unchanged, 0 superseded by newer documents, 0 dead-lettered again",
        "not chosen: 1",
        "inference: no calls, 1 text from the cache",
    ]
    report = json.loads((bad.parent / "report.json").read_text())
    assert (report["letters"], report["indexed"], report["jobs"][0]["index"]) == (1, 1, "articles")
    assert [json.loads(line)["stage"] for line in bad.read_text().splitlines()] == ["source"]


def test_what_fails_again_goes_to_a_new_file_and_the_exit_code_says_so(run: Run, bad: Path) -> None:
    before = bad.read_bytes()
    code, out, _ = replay(run, "--dead-letters", "again.jsonl")
    assert code == 3
    assert "2 letters: 0 indexed, 0 unchanged, 0 superseded by newer documents, 2 dead-lettered again" in out
    assert "dead letters: again.jsonl" in out
    assert bad.read_bytes() == before
    assert len((bad.parent / "again.jsonl").read_text().splitlines()) == 2


def test_a_repair_file_holds_processors(run: Run, bad: Path) -> None:
    repair = "processors:\n  - remove: {field: year}\n"
    (bad.parent / "repair.yaml").write_text(repair)
    code, out, _ = replay(run, "--only", "stage=bulk", "--repair", "repair.yaml")
    assert (code, out.split(",")[0]) == (0, "1 letter: 1 indexed")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("processors:\n  - remov: {field: year}\n", "repair.yaml:2"),
        ("stages: []\n", "a repair has the key `processors`, a list, and nothing else"),
    ],
)
def test_a_wrong_repair_file_is_said_with_its_line(run: Run, bad: Path, text: str, says: str) -> None:
    (bad.parent / "repair.yaml").write_text(text)
    code, _, err = replay(run, "--repair", "repair.yaml")
    assert code == 1
    assert says in err


def test_a_pipeline_that_has_moved_is_named(run: Run, bad: Path) -> None:
    (bad.parent / "mill.yaml").rename(bad.parent / "moved.yaml")
    code, _, err = replay(run)
    assert code == 1
    assert "bad.jsonl: letters are of the pipeline [mill], which is not here any more" in err
    assert "name the one to use: --pipeline NAME" in err
    code, out, _ = replay(run, "--pipeline", "moved.yaml", "--set", "year=1", "--only", "id=1")
    assert (code, out.split(",")[0]) == (0, "1 letter: 1 indexed")


def test_an_option_that_is_no_pair_is_said(run: Run, bad: Path) -> None:
    code, _, err = replay(run, "--only", "bulk")
    assert code == 2
    assert "'bulk' is not KEY=VALUE" in err
