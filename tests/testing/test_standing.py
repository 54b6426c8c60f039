from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
from headpond.testing import standing

def pytest_collection_modifyitems(items):
    counts = standing.apply(items, real=REAL)
    print(dict(counts))
"""
MARKS = "".join(f"    {name}\n" for name in ("parity", "pond_only(reason)", "gap(reason)", "real_only(reason)"))


def run(pytester: pytest.Pytester, test: str, *, real: bool) -> pytest.RunResult:
    pytester.makeini(f"[pytest]\nmarkers =\n{MARKS}")
    pytester.makeconftest(CONFTEST.replace("REAL", str(real)))
    pytester.makepyfile(f"import pytest\n{test}")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-s")


def test_a_test_without_a_standing_stops_the_run(pytester: pytest.Pytester):
    result = run(pytester, "def test_x(): pass", real=False)
    result.stderr.fnmatch_lines(["*test_x has no standing*"])


def test_a_test_with_two_standings_stops_the_run(pytester: pytest.Pytester):
    result = run(pytester, "@pytest.mark.parity\n@pytest.mark.pond_only('x')\ndef test_x(): pass", real=False)
    result.stderr.fnmatch_lines(["*test_x has *pond_only*parity*"])


def test_a_standing_without_its_reason_stops_the_run(pytester: pytest.Pytester):
    result = run(pytester, "@pytest.mark.gap\ndef test_x(): pass", real=False)
    result.stderr.fnmatch_lines(["*test_x: gap needs its reason*"])


def test_the_standing_of_a_test_goes_before_that_of_its_module(pytester: pytest.Pytester):
    test = "pytestmark = pytest.mark.parity\n@pytest.mark.pond_only('x')\ndef test_x(): pass"
    result = run(pytester, test, real=True)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*{'pond_only': 1}*"])


def test_a_gap_must_fail_on_the_pond_and_pass_on_the_real_node(pytester: pytest.Pytester):
    gap = "@pytest.mark.gap('not yet')\ndef test_x(): assert {}"
    run(pytester, gap.format(False), real=False).assert_outcomes(xfailed=1)
    run(pytester, gap.format(True), real=False).assert_outcomes(failed=1)
    run(pytester, gap.format(True), real=True).assert_outcomes(passed=1)


def test_what_needs_a_real_node_is_skipped_on_the_pond(pytester: pytest.Pytester):
    test = "@pytest.mark.real_only('shards')\ndef test_x(): assert False"
    run(pytester, test, real=False).assert_outcomes(skipped=1)
