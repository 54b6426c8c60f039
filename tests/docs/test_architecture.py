"""Conventions of the source tree as tests."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import headpond

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST = 400
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT / "src")))
def test_a_file_is_one_thing_of_readable_length(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST
    assert file.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT / "src")))
def test_a_module_says_what_it_is(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text()))


def test_importing_headpond_loads_nothing_heavy() -> None:
    heavy = "numpy onnxruntime elasticsearch httpx pydantic yaml rich starlette"
    code = f"import sys, headpond; print(*[m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_public_names_are_sorted() -> None:
    assert headpond.__all__ == sorted(headpond.__all__)


def test_no_pickle_and_no_unsafe_yaml() -> None:
    for file in SOURCES:
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {"pickle", "marshal", "shelve"} & {alias.name for alias in node.names}, file
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml":
                assert node.attr not in {"load_all", "unsafe_load", "full_load", "UnsafeLoader", "Loader"}, file
