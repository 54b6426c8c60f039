"""The destination for dlt, run by dlt itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.errors import InputError, MissingExtraError
from headpond.pipeline import Pipeline, Report
from tests.pipeline.pipelines import SETTINGS, count, pipeline, source

dlt = pytest.importorskip("dlt", reason="dlt is not installed: pip install 'headpond[dlt]'", exc_type=ImportError)

from dlt.pipeline.exceptions import PipelineStepFailed  # noqa: E402

from headpond.dlt import destination, identifier  # noqa: E402

pytestmark = [
    # dlt's own, not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DENSE = [{"inference": {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}}]
MADE = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = [{"id": n, "body": f"text {n}", "made": MADE, "tags": ["a", "b"], "by": {"name": "x"}} for n in range(25)]


@pytest.fixture
def es(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elasticsearch]:
    monkeypatch.chdir(tmp_path)
    for name in ("HEADPOND_HOME", "DLT_DATA_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    client = connect("memory")
    yield client
    client.close()


def bound(es: Elasticsearch) -> Pipeline:
    return pipeline(es, processors=DENSE)


def load(es: Elasticsearch, folder: Path, rows: Any, to: dict[str, Any] | None = None, **how: Any) -> list[Report]:
    reports: list[Report] = []
    made = destination(bound(es), settings=SETTINGS, batch_size=10, on_report=reports.append, **(to or {}))
    runner = dlt.pipeline("things", destination=made, pipelines_dir=str(folder / "dlt"))
    runner.run(rows, table_name="things", **how)
    return reports


def test_what_dlt_loads_is_enriched_and_indexed_in_batches(es: Elasticsearch, tmp_path: Path) -> None:
    reports = load(es, tmp_path, ROWS, primary_key="id", write_disposition="merge")
    assert [report.indexed for report in reports] == [10, 10, 5]
    assert count(es) == 25
    made = source(es, "7")
    assert (made["body"], made["tags"], made["by"], len(made["dense"])) == ("text 7", ["a", "b"], {"name": "x"}, 16)
    assert made["made"].startswith("2026-01-01T00:00:00")
    assert not [name for name in made if name.startswith("_dlt")]


def test_a_second_load_writes_over_what_has_the_same_key_and_pays_for_what_changed(
    es: Elasticsearch, tmp_path: Path
) -> None:
    load(es, tmp_path, ROWS, primary_key="id", write_disposition="merge")
    changed = [*ROWS[:20], {**ROWS[20], "body": "another text"}]
    reports = load(es, tmp_path, changed, primary_key="id", write_disposition="merge")
    assert sum(report.unchanged for report in reports) == 20
    assert sum(report.inference.inputs for report in reports) == 1
    assert count(es) == 25
    assert source(es, "20")["body"] == "another text"


def test_without_a_key_the_id_comes_from_the_content(es: Elasticsearch, tmp_path: Path) -> None:
    load(es, tmp_path, ROWS)
    assert sum(report.unchanged for report in load(es, tmp_path, ROWS)) == 25
    assert count(es) == 25


def test_each_table_may_have_its_index(es: Elasticsearch, tmp_path: Path) -> None:
    load(es, tmp_path, ROWS, {"index": "dlt-{table}"}, primary_key="id")
    assert count(es, "dlt-things") == 25


def test_dead_letters_are_told_and_the_rest_is_indexed(
    es: Elasticsearch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    letters: list[dict[str, Any]] = []
    rows = [*ROWS[:5], {"id": 99, "title": "no body"}]
    reports = load(es, tmp_path, rows, {"on_dead_letter": letters.append}, primary_key="id")
    assert (reports[0].indexed, reports[0].dead_lettered) == (5, 1)
    assert [letter["record"]["id"] for letter in letters] == [99]
    assert "1 records of table things cannot be indexed" in caplog.text
    assert reports[0].dead_letters is not None
    assert reports[0].dead_letters.is_file()


def test_when_strict_a_dead_letter_fails_the_load(es: Elasticsearch, tmp_path: Path) -> None:
    with pytest.raises(PipelineStepFailed, match="cannot be indexed"):
        load(es, tmp_path, [{"id": 1, "title": "no body"}], {"strict": True}, primary_key="id")


def test_replacing_is_refused(es: Elasticsearch, tmp_path: Path) -> None:
    with pytest.raises(PipelineStepFailed, match="only added to"):
        load(es, tmp_path, ROWS, write_disposition="replace")


def test_a_pipeline_that_is_not_there_is_said_at_once(es: Elasticsearch) -> None:
    with pytest.raises(InputError, match="nowhere"):
        destination("nowhere", client=es)


def test_ids_of_rows() -> None:
    assert identifier({"a": 1}, ["a"]) == 1
    assert identifier({"a": "x", "b": 2}, ["a", "b"]) == '["x",2]'
    assert identifier({"a": 1.5}, ["a"]) == "[1.5]"
    assert identifier({"b": 2}, ["a", "b"]) == ""


def test_without_dlt_the_install_line_is_said(es: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(MissingExtraError, match="dlt destination") as missing:
        destination(bound(es))
    assert missing.value.hint == "pip install 'headpond[dlt]'"
