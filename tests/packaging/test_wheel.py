"""The wheel works away from the checkout, with the pipelines, mappings and model cards inside."""

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built wheel's content."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    wheel = next(folder.glob("headpond-*.whl"))
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def headpond(installed: Path, cwd: Path, *args: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "headpond.cli.app", *args]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shipped_pipelines_are_found_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    listed = headpond(installed, tmp_path, "list", "--json")
    assert f"{installed}/headpond/_data/pipelines/quickstart.yaml" in listed


def test_the_tests_of_the_shipped_pipelines_pass_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    assert "0 failed" in headpond(installed, tmp_path, "test")


def test_model_cards_and_types_are_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    assert "all-minilm-l6-v2" in headpond(installed, tmp_path, "models", "list")
    assert (installed / "headpond" / "py.typed").exists()
    assert (installed / "headpond" / "_data" / "docker-compose.yml").exists()


def test_the_wheel_holds_the_package_and_nothing_else(installed: Path) -> None:
    with zipfile.ZipFile(next(installed.parent.glob("headpond-*.whl"))) as wheel:
        names = wheel.namelist()
    info = {name.split("/")[0] for name in names} - {"headpond"}
    assert len(info) == 1
    assert info.pop().endswith(".dist-info")
    kinds = {Path(name).suffix for name in names if name.startswith("headpond/")}
    assert kinds == {".py", ".typed", ".yaml", ".yml", ".json", ".j2"}


def test_the_metadata_says_licence_readme_and_pythons(installed: Path) -> None:
    folder = next(installed.glob("headpond-*.dist-info"))
    metadata = Parser().parsestr((folder / "METADATA").read_text())
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert (folder / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
