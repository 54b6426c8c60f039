"""`headpond ingest` before the run, with limits, and what it shows while it runs."""

import json
from pathlib import Path

import pytest

from headpond.cli.amounts import duration, money
from headpond.cli.progress import View, details
from headpond.pipeline.report import InferenceUse, Snapshot
from tests.command import Run

PRICES = "prices:\n  dense: {per_million_tokens: 1000, currency: EUR}\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))


def records(folder: Path, number: int = 600) -> str:
    lines = [json.dumps({"_id": str(n), "body": f"water drives mill {n}"}) + "\n" for n in range(number)]
    (folder / "a.jsonl").write_text("".join(lines))
    return "a.jsonl"


def test_a_dry_run_shows_the_plan_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mill.yaml").write_text(PRICES + (tmp_path / "mill.yaml").read_text())
    source = records(tmp_path)
    done = run("ingest", "mill.yaml", source, "--dry-run", "--report", "plan.json", "--target", "embedded:pond")
    assert done.code == 0
    for said in ("will be made", "body -> vector by dense", "600", "all counted", "2,400 ± 0%", "2.40 EUR"):
        assert said in done.out
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["total"]["tokens"] == 2400
    after = run("ingest", "mill.yaml", source, "--target", "embedded:pond", "--report", "run.json")
    assert after.code == 0
    assert "600 indexed" in after.out
    assert "cost of this run: 2.4" in after.out
    report = json.loads((tmp_path / "run.json").read_text())
    assert report["cost"] == pytest.approx(2.4, abs=0.01)  # the word that asks for dimensions is in it
    again = run("ingest", "mill.yaml", source, "--dry-run", "--target", "embedded:pond")
    assert "unchanged: 600 of the 600 records looked at cost nothing" in again.out
    assert "in all about 0 tokens ± 0% in 0 requests" in again.out
    assert "only the beginning" not in again.out


def test_a_plan_with_a_problem_is_a_failure(run: Run, tmp_path: Path) -> None:
    source = records(tmp_path, 3)
    run("ingest", "mill.yaml", source, "--target", "embedded:pond")
    text = (tmp_path / "mill.yaml").read_text()
    (tmp_path / "mill.yaml").write_text(text.replace("service_settings: {}", "service_settings: {dimensions: 8}", 1))
    done = run("ingest", "mill.yaml", source, "--dry-run", "--target", "embedded:pond")
    assert done.code == 1
    assert "problem: endpoint [dense] exists with other settings" in done.out


def test_a_sample_shows_documents_and_stages(run: Run, tmp_path: Path) -> None:
    done = run("ingest", "mill.yaml", records(tmp_path), "--sample", "2", "--report", "sample.json")
    assert done.code == 0
    assert '"body": "water drives mill 0"' in done.out
    assert "… 64 numbers]" in done.out
    assert "+vector" in done.out
    assert "2 records" in done.out
    assert len(json.loads((tmp_path / "sample.json").read_text())["documents"]) == 2


def test_a_limit_ends_the_run_with_its_own_code_and_the_next_run_goes_on(run: Run, tmp_path: Path) -> None:
    source = records(tmp_path)
    options = ("--target", "embedded:pond", "--max-tokens", "1300")
    done = run("ingest", "mill.yaml", source, *options)
    assert done.code == 4
    assert "the limit of 1,300 tokens is reached" in done.err
    assert "run the same command again to go on" in done.err
    assert "read:" in done.out
    codes = [run("ingest", "mill.yaml", source, *options).code for _ in range(3)]
    assert 0 in codes
    assert "600 unchanged" in run("ingest", "mill.yaml", source, *options).out


def test_a_limit_on_cost_needs_prices(run: Run, tmp_path: Path) -> None:
    done = run("ingest", "mill.yaml", records(tmp_path, 3), "--max-cost", "0")
    assert done.code == 2
    assert "is not a sum above zero" in done.err


def test_a_running_job_is_shown_with_all_that_matters() -> None:
    used = InferenceUse(requests=9, inputs=800, tokens=12_345, cached=7, retries=3, throttled=2)
    snapshot = Snapshot(1100, 900, 90, 10, used, 10.0, 0.5, False, 500, {"dense": 8, "sparse": 4}, 0.25, "USD")
    view = View()
    view.note(Snapshot(500, 500, 0, 0, InferenceUse(), 0.0, 0.25, resumed=500))
    shown = ", ".join([*view.pace(snapshot), *details(snapshot)])
    assert shown == (
        "1,000 records, 50/s, 50%, 20 s left, 90 unchanged, 10 dead-lettered, 800 texts embedded, 12,345 tokens, "
        "0.2500 USD, 7 from the cache, 3 retries, 2 throttled, 12 requests at a time"
    )
    assert len(view.lines(snapshot)) == 3


@pytest.mark.parametrize(("seconds", "shown"), [(0.31, "0.3 s"), (42, "42 s"), (200, "3:20 min"), (7500, "2:05 h")])
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0.00 USD"), (12.3, "12.30 USD"), (0.0042, "0.0042 USD"), (0.00001, "1e-05 USD")]
)
def test_sums_of_money(amount: float, shown: str) -> None:
    assert money(amount, "USD") == shown
