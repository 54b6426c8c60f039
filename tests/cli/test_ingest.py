import gzip
import json
from pathlib import Path

import pytest

from tests.command import Run

GOOD = [{"_id": "1", "body": "water drives a mill"}, {"_id": "2", "body": "a cat sleeps"}]


def write(file: Path, records: list[object]) -> str:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(file)


def test_records_go_in_and_a_second_run_finds_them_unchanged(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", list(GOOD))
    first = run("ingest", "mill.yaml", source, "--report", "first.json")
    assert first.code == 0
    assert "2 read: 2 indexed, 0 unchanged, 0 dead-lettered" in first.out
    second = run("ingest", "mill.yaml", source, "--report", "second.json")
    assert "2 read: 0 indexed, 2 unchanged, 0 dead-lettered" in second.out
    report = json.loads((tmp_path / "second.json").read_text())
    assert report["read"] == report["indexed"] + report["unchanged"] + report["dead_lettered"] == 2
    assert report["inference"]["requests"] == 0


def test_gzip_and_csv_are_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"_id": "1", "body": "a mill"}\n'))
    (tmp_path / "b.csv").write_text("_id,body\n2,a cat\n")
    done = run("ingest", "mill.yaml", "a.jsonl.gz", "b.csv")
    assert "2 read: 2 indexed" in done.out


def test_broken_lines_are_dead_lettered_with_their_line_and_the_rest_is_indexed(run: Run, tmp_path: Path) -> None:
    lines = [json.dumps({"_id": str(n), "body": f"text {n}"}) for n in range(1, 41)]
    lines[36] = '{"_id": "37", "body": '
    lines[38] = "[1, 2]"
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    done = run("ingest", "mill.yaml", "a.jsonl", "--dead-letters", "bad.jsonl")
    assert done.code == 3
    assert "40 read: 38 indexed, 0 unchanged, 2 dead-lettered" in done.out
    letters = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert sorted(letter["line"] for letter in letters) == [37, 39]
    assert (tmp_path / "bad.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_missing_file_is_one_message_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    done = run("ingest", "mill.yaml", "nowhere.jsonl", "--target", "embedded:pond")
    assert done.code == 1
    assert "nowhere.jsonl" in done.err
    assert "Traceback" not in done.err


def test_an_unset_variable_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    text = (
        (tmp_path / "mill.yaml")
        .read_text()
        .replace("service_settings: {}}", 'service_settings: {seed: "${SEED_X}"}}', 1)
    )
    (tmp_path / "mill.yaml").write_text(text)
    done = run("ingest", "mill.yaml", write(tmp_path / "a.jsonl", list(GOOD)))
    assert done.code == 1
    assert "SEED_X" in done.err
    assert "mill.yaml:3" in done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("- inference:", "- infrence:", "did you mean 'inference'?"),
        ("processors:", "procesors:", "did you mean 'processors'?"),
        ("output_field: vector", "output_feild: vector", "did you mean 'output_field'?"),
        ("model_id: dense", "model_id: dens", "dens"),
    ],
)
def test_a_slip_in_the_pipeline_is_named_with_its_line(run: Run, tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (tmp_path / "mill.yaml").read_text()
    (tmp_path / "mill.yaml").write_text(text.replace(old, new, 1))
    done = run("ingest", "mill.yaml", write(tmp_path / "a.jsonl", list(GOOD)))
    assert done.code == 1
    assert said in done.err
    assert "mill.yaml:" in done.err


def test_vectors_of_other_dimensions_are_refused_before_the_first_write(run: Run, tmp_path: Path) -> None:
    text = (tmp_path / "mill.yaml").read_text()
    (tmp_path / "mill.yaml").write_text(text.replace("{type: dense_vector}", "{type: dense_vector, dims: 3}"))
    done = run("ingest", "mill.yaml", write(tmp_path / "a.jsonl", list(GOOD)))
    assert done.code == 1
    assert "dims" in done.err
    assert "3" in done.err


def test_a_report_that_finds_no_room_is_said_and_the_job_is_done(run: Run, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = run("ingest", "mill.yaml", write(tmp_path / "a.jsonl", list(GOOD)), "--report", "/dev/full")
    assert done.code == 1
    assert "/dev/full" in done.err
    assert "2 indexed" in done.out


@pytest.mark.parametrize("option", ["--report", "--dead-letters"])
def test_a_file_that_cannot_be_written_is_said_before_anything_is_asked(run: Run, tmp_path: Path, option: str) -> None:
    source = write(tmp_path / "a.jsonl", list(GOOD))
    for given, said in [("no/such/file.json", "there is no folder no/such"), (str(tmp_path), "is a folder")]:
        done = run("ingest", "mill.yaml", source, option, given)
        assert done.code != 0
        assert f"argument {option}: '{given}'" in done.err
        assert said in done.err
        assert "read" not in done.out


@pytest.mark.parametrize("option", ["--report", "--dead-letters"])
def test_nothing_is_written_into_a_source(run: Run, tmp_path: Path, option: str) -> None:
    source = Path(write(tmp_path / "a.jsonl", [*GOOD, "broken"]))
    before = source.read_bytes()
    done = run("ingest", "mill.yaml", str(source), option, str(tmp_path / "." / "a.jsonl"))
    assert done.code == 1
    assert f"{option} is one of the sources" in done.err
    assert source.read_bytes() == before


def test_a_record_nested_too_deep_is_dead_lettered_and_the_rest_is_indexed(run: Run, tmp_path: Path) -> None:
    deep = '{"a":' * 300 + "1" + "}" * 300
    lines = [json.dumps(GOOD[0]), '{"_id": "deep", "body": "x", "more": ' + deep + "}", json.dumps(GOOD[1])]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    done = run("ingest", "mill.yaml", "a.jsonl", "--dead-letters", "bad.jsonl")
    assert done.code == 3
    assert "3 read: 2 indexed, 0 unchanged, 1 dead-lettered" in done.out
    assert json.loads((tmp_path / "bad.jsonl").read_text())["line"] == 2
