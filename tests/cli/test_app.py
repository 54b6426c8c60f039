import os
import subprocess
import sys

import pytest

from headpond.cli import app
from tests.command import Run


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


def test_a_mistyped_option_names_the_nearest_and_its_verb(run: Run) -> None:
    done = run("search", "quickstart", "x", "--sise", "3")
    assert done.code == 2
    assert done.err == "error: unknown option '--sise', did you mean '--size'?\n  see: headpond search --help\n"


def test_one_argument_too_many_is_named(run: Run) -> None:
    done = run("search", "quickstart", "two", "words")
    assert done.code == 2
    assert done.err == "error: unknown argument 'words'\n  see: headpond search --help\n"


def test_a_mistyped_action_names_the_nearest(run: Run) -> None:
    done = run("models", "lst")
    assert done.code == 2
    assert "'lst' is none of list, pull, add, remove, did you mean 'list'?" in done.err


@pytest.mark.parametrize(("verb", "actions"), [("cluster", "up, status, down"), ("cache", "stats, prune, clear")])
def test_a_missing_action_is_said_with_those_there_are(run: Run, verb: str, actions: str) -> None:
    done = run(verb)
    assert done.code == 2
    assert f"required: ACTION\n  valid: {actions}\n  see: headpond {verb} --help" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "--json"],
        ["search", "--help"],
        ["lint", "dense"],
        ["models", "list"],
    ],
)
def test_a_reader_who_has_gone_is_no_error(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    # Buffered, as for everybody: what is left in the buffer is written when Python shuts down.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "headpond", *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=env, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_away_from_a_terminal_a_row_is_a_line_without_blanks_at_its_end(run: Run) -> None:
    lines = run("list").out.splitlines()
    assert len(lines) == 1 + len(run("list", "--json").out.split('"name"')) - 1
    assert [line for line in lines if line != line.rstrip()] == []


def test_help_asks_for_neither_a_client_nor_a_terminal() -> None:
    code = (
        "import sys; from headpond.cli import app; app.build_parser(arguments=False).format_help(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"elasticsearch", "numpy", "pydantic", "rich", "yaml"} & set(done.stdout.split())


def test_where_the_server_is_not_installed_no_address_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = run("serve", "--target", "memory", "--port", "0")
    assert done.code == 1
    assert done.err == (
        "error: headpond serve needs the package 'uvicorn', which is not installed\n  pip install 'headpond[serve]'\n"
    )


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
