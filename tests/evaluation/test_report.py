"""The HTML report: it escapes what it is given, and a browser opens it without a request or an error."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import headpond
from headpond.connect import connect
from headpond.errors import InputError, MissingExtraError
from headpond.evaluation.evaluation import Evaluation
from headpond.evaluation.report_html import render, write_html
from headpond.evaluation.svg import nice, number
from headpond.pipeline import Pipeline
from tests.evaluation.conftest import Collection, changes
from tests.pipeline.pipelines import SETTINGS, pipeline

EVIL = '<script>alert(1)</script> & "quotes" \''
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
VOID = {"meta", "link", "br", "img", "input", "hr"}

# Runs in the page before anything else of it: counts errors and every request that the page makes.
WATCH = """
<script>
window.faults = [];
window.addEventListener("error", event => window.faults.push(String(event.message)), true);
document.addEventListener("securitypolicyviolation", event => window.faults.push("blocked: " + event.blockedURI));
for (const level of ["error", "warn"]) console[level] = (...said) => window.faults.push(said.join(" "));
window.addEventListener("load", () => {
  const told = {
    faults: window.faults,
    requests: performance.getEntriesByType("resource").map(one => one.name),
    title: document.title,
    scripts: document.scripts.length,
    plots: [...document.querySelectorAll("svg")].map(one => one.getBoundingClientRect().height > 50),
    sections: [...document.querySelectorAll("section")].map(one => one.id),
    rows: document.querySelectorAll("#queries tbody tr").length,
  };
  const head = document.querySelector("#queries th.n button");
  const first = () => Number(document.querySelector("#queries tbody tr").cells[2].textContent);
  head.click(); told.lowest = first();
  head.click(); told.highest = first();
  told.sorted = head.parentElement.getAttribute("aria-sort");
  const out = document.createElement("pre");
  out.id = "told"; out.textContent = JSON.stringify(told);
  document.body.append(out);
});
</script>
"""


@pytest.fixture(scope="module")
def evaluated(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """One evaluation with everything in it, and a text that wants to be a script."""
    folder = tmp_path_factory.mktemp("evaluated")
    queries = {**collection.queries, "q0": f"{collection.queries['q0']} {EVIL}"}
    with pytest.MonkeyPatch.context() as patch, connect("memory") as client:
        patch.chdir(folder)
        patch.setenv("HEADPOND_HOME", str(folder / "home"))
        hybrid = pipeline(client, **changes())
        hybrid.ingest(collection.documents, settings=SETTINGS)
        leg = changes()["search"]["retriever"]["rrf"]["retrievers"][0]
        words = pipeline(client, search={"retriever": leg}, response_processors=[])
        return headpond.evaluate(hybrid, queries, collection.qrels, against=words, depths=[10, 20], grid=True)


@pytest.fixture
def found(evaluated: Evaluation) -> Evaluation:
    """A copy that a test may change."""
    return replace(evaluated, run=replace(evaluated.run), warnings=list(evaluated.warnings))


class Balanced(HTMLParser):
    """Fails where tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(found: Evaluation) -> None:
    page = render(found)
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    assert reader.addresses == []
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_texts_are_escaped(found: Evaluation) -> None:
    found.run.name = EVIL
    found.warnings.append(EVIL)
    page = render(found)
    assert "<script>alert" not in page
    assert html.escape("<script>alert(1)</script>") in page
    assert page.count("<script>") == 1


def test_numbers_of_the_page_are_those_of_the_evaluation(found: Evaluation) -> None:
    page = render(found)
    one = found.difference("nDCG@10")
    assert f"{one.old:.4f}" in page
    assert f"{one.new:.4f}" in page
    assert f"{one.interval.mean:+.4f}" in page
    assert found.grid is not None
    assert found.grid.best.name in page
    worst = found.changes()[0]
    assert f"{worst.old:.3f} → {worst.new:.3f}" in page
    assert page.count("<svg") == 5  # differences, depths, fusions, changes, times


def test_a_plain_evaluation_has_a_page_too(words: Pipeline, collection: Collection, folder: Path) -> None:
    found = headpond.evaluate(words, collection.queries, collection.qrels, metrics="RR@10")
    write_html(found, "r.html")
    page = Path("r.html").read_text()
    assert page.count("<svg") == 2  # metrics, times
    assert "Queries that changed" not in page
    with pytest.raises(InputError, match="cannot be written"):
        write_html(found, "gone/r.html")


def test_a_browser_opens_it_without_a_request_or_an_error(found: Evaluation, folder: Path) -> None:
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"no browser is installed: looked for {', '.join(BROWSERS)}")
    page = render(found)
    (folder / "report.html").write_text(page.replace("<title>", f"{WATCH}<title>", 1))
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}", "--dump-dom",
            (folder / "report.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    shown = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert shown is not None, done.stderr
    told = json.loads(html.unescape(shown[1]))
    assert told["faults"] == []
    assert told["requests"] == []
    assert told["scripts"] == 2  # the page's own and the watching one: no text became a script
    assert told["title"].startswith("standard: nDCG@10 0.")
    assert told["plots"] == [True] * 5
    assert told["sections"] == ["warnings", "metrics", "depth", "grid", "changes", "latency", "cost", "queries"]
    assert told["rows"] == len(found.queries)
    assert told["sorted"] == "descending"
    assert told["lowest"] == pytest.approx(min(found.other_scores[:, 0]), abs=6e-4)
    assert told["highest"] == pytest.approx(max(found.other_scores[:, 0]), abs=6e-4)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "headpond.evaluation.report_html")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"headpond\[evaluate\]"):
        __import__("headpond.evaluation.report_html")


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-0.12, 0.12, [-0.1, -0.05, 0, 0.05, 0.1]), (3, 3, [3]), (0, 950, None)],
)
def test_ticks_are_round(low: float, high: float, wanted: list[float] | None) -> None:
    ticks = nice(low, high)
    assert wanted is None or ticks == pytest.approx(wanted)
    assert all(low <= tick <= high for tick in ticks)
    assert len(ticks) <= 7
    assert all(len(number(tick)) <= 6 for tick in ticks)
