from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headpond.connect import connect
from tests.command import Run
from tests.pipeline.served import ServedPond


def source(folder: Path, records: int) -> None:
    lines = [json.dumps({"_id": str(n), "body": f"text number {n}"}) for n in range(records)]
    (folder / "a.jsonl").write_text("\n".join(lines))


def test_a_job_is_listed_and_forgotten(run: Run, tmp_path: Path) -> None:
    source(tmp_path, 5)
    run("ingest", "mill.yaml", "a.jsonl")
    shown = run("jobs").out
    assert shown.startswith("complete: mill -> articles (")
    assert "5 records settled: 5 indexed, 0 unchanged, 0 dead-lettered" in shown
    assert "go on with" not in shown
    assert run("jobs", "--unfinished").out == "no jobs\n"
    state = json.loads(run("jobs", "--json").out)
    assert (state["state"], state["sources"][0]["name"]) == ("complete", "a.jsonl")
    assert run("jobs", "--forget", state["id"]).code == 0
    gone = run("jobs", "--forget", state["id"])
    assert gone.code == 1
    assert "there is no job" in gone.err
    assert run("jobs").out == "no jobs\n"


MANY = 12_000
"""Records that are far from done when the first of them can be found: eight windows at a time are on their way."""


@pytest.fixture(scope="module")
def pond(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ServedPond(tmp_path_factory.mktemp("pond")) as served:
        yield served.url


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["ctrl-c", "term", "kill"])
def test_the_command_that_is_shown_goes_on(run: Run, pond: str, tmp_path: Path, ended_by: signal.Signals) -> None:
    source(tmp_path, MANY)
    index = f"articles-{ended_by.name.lower()}"
    slow = "service_settings: {latency_ms: 100}}"
    text = (tmp_path / "mill.yaml").read_text().replace("service_settings: {}}", slow, 1)
    (tmp_path / "mill.yaml").write_text(text)
    command = [sys.executable, "-m", "headpond", "ingest", "mill.yaml", "a.jsonl", "--index", index, "--target", pond]
    with (
        connect(pond) as es,
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        while not (es.indices.exists(index=index) and es.count(index=index)["count"]):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
            es.indices.refresh(index=index, ignore_unavailable=True)
        process.send_signal(ended_by)
        _, err = process.communicate()
    shown = run("jobs", "--unfinished", "--target", pond).out
    if ended_by is signal.SIGKILL:
        assert process.returncode == -9
        assert shown.startswith(f"killed: mill -> {index} (")
    else:
        assert process.returncode == 130
        assert "run the same command again to go on" in err
        assert "Traceback" not in err
        assert shown.startswith(f"interrupted: mill -> {index} (")
    (line,) = [line for line in shown.splitlines() if "go on with: " in line]
    words = shlex.split(line.partition("go on with: ")[2])
    assert words[:3] == ["headpond", "ingest", str(tmp_path / "mill.yaml")]
    done = run(*words[1:], "--report", "report.json")
    assert done.code == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["read"] == report["indexed"] + report["unchanged"] == MANY
    assert run("jobs", "--unfinished", "--target", pond).out == "no jobs\n"
