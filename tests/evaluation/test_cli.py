"""`headpond evaluate` and `headpond judge`: what is shown, what is written, and the exit codes that CI reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from junitparser import JUnitXml

from headpond.connect import connect
from headpond.evaluation.qrels import read_qrels
from headpond.evaluation.saved_run import read_run
from headpond.pipeline import Pipeline
from headpond.pipeline.load import load
from tests.command import Run, caller
from tests.evaluation.conftest import QUERIES, Collection, write_pipelines
from tests.pipeline.pipelines import SETTINGS

FILES = ("--queries", "queries.jsonl", "--qrels", "qrels.tsv")


@pytest.fixture(scope="module")
def filled(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pipelines, the collection's files and a pond that holds it."""
    folder = tmp_path_factory.mktemp("filled")
    collection.write(folder)
    write_pipelines(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HEADPOND_HOME", str(folder / "home"))
        with connect("embedded:.headpond") as client:
            Pipeline(load("hybrid.yaml"), client).ingest("docs.jsonl", settings=SETTINGS)
    return folder


@pytest.fixture
def run(folder: Path, filled: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in a copy of that folder."""
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    return caller(capsys)


def test_metrics_are_shown_with_their_intervals(run: Run) -> None:
    done = run("evaluate", "words.yaml", *FILES)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == f"words: {QUERIES} judged queries"
    assert lines[1].split() == ["metric", "value", "95", "%", "interval"]
    assert [line.split()[0] for line in lines[2:7]] == ["nDCG@10", "RR@10", "R@100", "AP@100", "Judged@10"]
    assert "p50" in done.out
    assert "seed 0" in done.out
    assert f"words: {QUERIES} of {QUERIES} queries" in done.err


def test_a_real_loss_fails_the_build_and_the_reverse_does_not(run: Run) -> None:
    assert run("evaluate", "words.yaml", *FILES, "--save-run", "words.trec").code == 0
    assert read_run("words.trec")[0] == "words"
    lost = run("evaluate", "hybrid.yaml", *FILES, "--against", "words.trec", "--junit", "lost.xml")
    assert lost.code == 1
    assert "worse" in lost.out
    assert "biggest losses, nDCG@10" in lost.out
    assert "FAILED: nDCG@10 fell from " in lost.out
    won = run("evaluate", "words.yaml", *FILES, "--against", "hybrid.yaml", "--junit", "won.xml")
    assert won.code == 0, won.err
    assert "better" in won.out
    assert "biggest gains, nDCG@10" in won.out
    suites = [next(iter(JUnitXml.fromfile(name))) for name in ("lost.xml", "won.xml")]
    assert [(suite.tests, suite.failures) for suite in suites] == [(5, 1), (5, 0)]
    case = next(iter(suites[0]))
    assert case.name == "nDCG@10"
    assert case.classname == "headpond.hybrid"
    assert case.result[0].message.startswith("nDCG@10 fell from ")
    assert " -> " in case.result[0].text


def test_other_metrics_decide_only_where_they_are_named(run: Run) -> None:
    both = ("evaluate", "hybrid.yaml", *FILES, "--against", "words.yaml", "--metrics", "RR@10,nDCG@10")
    assert run(*both).code == 0
    assert run(*both, "--gate", "nDCG@10").code == 1


def test_a_metric_below_its_limit_fails_the_build(run: Run) -> None:
    assert run("evaluate", "words.yaml", *FILES, "--fail-under", "nDCG@10=0.5").code == 0
    done = run("evaluate", "words.yaml", *FILES, "--fail-under", "P@1=1.1", "--junit", "j.xml")
    assert done.code == 1
    assert "FAILED: P@1 is " in done.out
    suite = next(iter(JUnitXml.fromfile("j.xml")))
    assert [(case.name, bool(case.result)) for case in suite if ">=" in case.name] == [("P@1 >= 1.1", True)]


def test_saved_runs_need_no_target(run: Run) -> None:
    run("evaluate", "words.yaml", *FILES, "--save-run", "a.trec")
    done = run("evaluate", "a.trec", *FILES, "--against", "a.trec", "--target", "http://127.0.0.1:1")
    assert done.code == 0, done.err
    assert "no difference shown" in done.out


def test_depths_and_fusions_are_shown(run: Run) -> None:
    done = run(
        "evaluate", "hybrid.yaml", *FILES, "--depth", "10,40", "--grid", "--json", "o.json", "--report", "r.html"
    )
    assert done.code == 0, done.err
    assert "texts a query" in done.out
    assert "depth 40" in done.out
    assert "fusions, before the response processors" in done.out
    assert "retriever:" in done.out
    found = json.loads(Path("o.json").read_text())
    assert [one["depth"] for one in found["depth"]["points"]] == [10, 40]
    assert found["grid"]["variants"] > 500
    assert found["grid"]["best"]["value"] >= found["grid"]["current"]["mean"]
    assert "How deep to rerank" in Path("r.html").read_text()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("nosuch", *FILES), "nosuch"),
        (("words.yaml", "--queries", "gone.jsonl", "--qrels", "qrels.tsv"), "gone.jsonl: there is no such file"),
        (("words.yaml", "--queries", "queries.jsonl"), "required: --qrels"),
        (("words.yaml", *FILES, "--metrics", "nDGC@10"), "did you mean 'nDCG'"),
        (("words.yaml", *FILES, "--report", "gone/r.html"), "--report cannot be written"),
        (("words.yaml", *FILES, "--fail-under", "nDCG"), "no limit, as in nDCG@10=0.40"),
        (("words.yaml", *FILES, "--fail-under", "nDCG@10=high"), "no limit, as in nDCG@10=0.40"),
        (("words.yaml", *FILES, "--fail-under", "nDCG@10=nan"), "no limit, as in nDCG@10=0.40"),
        (("words.yaml", *FILES, "--depth", "10,0"), "not a whole number above zero"),
        (("words.yaml", *FILES, "--depth", "10"), "depths need one `rerank`"),
        (("words.yaml", *FILES, "--grid"), "fuses nothing"),
        (("words.yaml", *FILES, "--gate", "RR@10"), "--gate is of no use without --against"),
        (("words.yaml", *FILES, "--gate", "Judged@10", "--against", "hybrid.yaml"), "cannot decide"),
        (("words.yaml", *FILES, "--index", "gone"), "there is no index [gone]"),
    ],
)
def test_what_cannot_be_evaluated_ends_with_2(run: Run, args: tuple[str, ...], told: str) -> None:
    done = run("evaluate", *args)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_judgments_from_clicks(run: Run, folder: Path, collection: Collection) -> None:
    with (folder / "clicks.jsonl").open("w") as file:
        for query, grades in collection.qrels.items():
            for position, (document, grade) in enumerate(list(grades.items())[:10], 1):
                row = {"query": collection.queries[query], "doc_id": document, "position": position,
                       "clicks": 10 * grade, "impressions": 100}  # fmt: skip
                file.write(json.dumps(row) + "\n")
    done = run("judge", "--clicks", "clicks.jsonl", "--queries", "queries.jsonl", "--out", "clicked.txt")
    assert done.code == 0, done.err
    assert "pairs of" in done.out
    judged = read_qrels("clicked.txt")
    assert set(judged) <= set(collection.queries)
    assert all((grade > 0) == (collection.qrels[query][document] > 0)
               for query, grades in judged.items() for document, grade in grades.items())  # fmt: skip


def test_judgments_by_an_endpoint_say_what_they_would_cost(run: Run) -> None:
    options = ("--endpoint", "llm", "--out", "q.txt", "--depth", "2", "--sample", "5")
    done = run("judge", "words.yaml", "--queries", "queries.jsonl", *options, "--dry-run")
    assert done.code == 0, done.err
    assert "10 pairs of 5 queries, 0 more are judged already" in done.out
    assert "nothing was asked" in done.out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--clicks", "gone.csv", "--out", "q.txt"), "there is no such file"),
        (("--endpoint", "llm", "--out", "q.txt"), "give a PIPELINE and --queries"),
        (("--out", "q.txt"), "one of the arguments --clicks --endpoint is required"),
        (("--clicks", "c.csv", "--out", "q.txt", "--propensities", "1,half"), "no list of shares"),
        (("words.yaml", "--endpoint", "llm", "--out", "q.txt", "--task-settings", "[1]"), "is not a JSON object"),
        (("words.yaml", "--clicks", "c.csv", "--out", "q.txt"), "clicks are judged without a PIPELINE"),
    ],
)
def test_what_cannot_be_judged_is_told(run: Run, args: tuple[str, ...], told: str) -> None:
    done = run("judge", *args)
    assert done.code in (1, 2)
    assert told in done.err
    assert "Traceback" not in done.err
