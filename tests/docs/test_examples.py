"""What the README and the docs show is run, and prints what they show."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.examples import Block, blocks, commands, matches

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = {"console", "python"}


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in RUN and "not-run" not in block.options]


def environment() -> dict[str, str]:
    """The environment of a user who has activated the virtual environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COLUMNS": "120", "PYTHONWARNINGS": "default"}


@pytest.mark.models
@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=lambda page: page.name)
def test_the_examples_of_a_page_work_in_their_order(page: Path, tmp_path: Path) -> None:
    for block in runnable(page):
        if block.language == "python":
            run_python(block, tmp_path)
        else:
            run_console(block, tmp_path)


def run_python(block: Block, folder: Path) -> None:
    """Runs a Python block; comments `# -> text` are the lines it must print."""
    wanted = "\n".join(line.strip()[5:] for line in block.text.splitlines() if line.strip().startswith("# -> "))
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    where = f"{block.file.name}:{block.line}"
    assert done.returncode == 0, f"{where}\n{done.stderr}"
    assert matches(wanted, done.stdout), f"{where}\nshown:\n{wanted}\nprinted:\n{done.stdout}"


def run_console(block: Block, folder: Path) -> None:
    for command in commands(block):
        done = subprocess.run(
            ["bash", "-c", command.command],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        where = f"{block.file.name}:{command.line}: {command.command}"
        expected_failure = "error:" in command.output
        # Progress is on stderr and depends on the machine; messages of failures are there too.
        printed = done.stdout + (done.stderr if expected_failure else "")
        assert matches(command.output, printed), f"{where}\nshown:\n{command.output}\nprinted:\n{printed}"
        assert (done.returncode != 0) == expected_failure, f"{where} ended with {done.returncode}\n{done.stderr}"


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for page in PAGES[1:]:
        assert f"docs/{page.name}" in readme, f"README.md does not link docs/{page.name}"


@pytest.mark.models
@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda script: script.stem)
def test_an_example_runs_and_its_own_checks_hold(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert script.name in (ROOT / "examples" / "README.md").read_text()
