"""Every dependency has its line in docs/dependencies.md."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_says_why_it_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {re.split(r"[\[<>=~! ]", line)[0] for group in groups for line in group} - {"headpond"}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert [name for name in sorted(named) if name not in page] == []
