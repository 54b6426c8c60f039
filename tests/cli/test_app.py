import pytest

from headpond.cli import app
from tests.cli.conftest import Run


def test_an_unknown_verb_names_the_nearest(run: Run) -> None:
    done = run("serch")
    assert done.code == 2
    assert "unknown verb 'serch', did you mean 'search'?" in done.err


@pytest.mark.parametrize("verb", app.verbs())
def test_every_verb_explains_itself(run: Run, verb: str) -> None:
    done = run(verb, "--help")
    assert done.code == 0
    assert f"usage: headpond {verb}" in done.out


def test_the_help_lists_every_verb(run: Run) -> None:
    done = run("--help")
    assert set(app.verbs()) <= {line.split()[0] for line in done.out.splitlines() if line.startswith("    ")}


def test_wrong_arguments_say_where_help_is(run: Run) -> None:
    done = run("search", "quickstart")
    assert done.code == 2
    assert "see: headpond search --help" in done.err


def test_a_target_of_no_known_form_is_one_message(run: Run) -> None:
    done = run("search", "mill.yaml", "x", "--target", "elastic")
    assert done.code == 1
    assert done.err.startswith("error: 'elastic' is not a target")
    assert "Traceback" not in done.err


def test_an_unreachable_target_says_what_to_start(run: Run) -> None:
    done = run("ingest", "mill.yaml", "mill.yaml", "--target", "http://127.0.0.1:1")
    assert done.code == 1
    assert "nobody answers at http://127.0.0.1:1" in done.err
    assert "headpond serve" in done.err


def test_a_pond_in_use_by_another_process_is_said(run: Run) -> None:
    import headpond

    with headpond.connect("embedded:.headpond"):
        done = run("apply", "mill.yaml")
    assert done.code == 1
    assert ".headpond" in done.err
    assert "Traceback" not in done.err
