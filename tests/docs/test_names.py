"""Options, variables and names that pages speak of exist."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import headpond
from headpond.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
# Eland's command, in docs/models.md.
OTHERS = {"--clear-previous", "--hub-model-id", "--start", "--task-type", "--url"}
SOURCES = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py")) + (ROOT / "docker-compose.yml").read_text()


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from options(below)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    known = {*options(app.build_parser()), *OTHERS}
    assert sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - known) == []
    variables = set(re.findall(r"\bHEADPOND_[A-Z_]+\b", text))
    assert sorted(variable for variable in variables if variable not in SOURCES) == []
    verbs = set(re.findall(r"\bheadpond ([a-z]+)", " ".join(re.findall(r"`(headpond [^`]+)`", text))))
    assert sorted(verbs - set(app.verbs())) == []
    public = set(re.findall(r"`headpond\.([a-z_]+)\(", text))
    assert sorted(name for name in public if not hasattr(headpond, name)) == []
