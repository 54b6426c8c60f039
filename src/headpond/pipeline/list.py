"""What pipelines there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headpond.errors import HeadpondError
from headpond.pipeline.find import names
from headpond.pipeline.load import load


@dataclass(frozen=True, slots=True)
class Listed:
    """One pipeline that can be named.

    Attributes:
        name: its name.
        path: its file.
        description: what it is for; what is wrong with the file when it cannot be loaded.
    """

    name: str
    path: Path
    description: str


def pipelines() -> list[Listed]:
    """Every pipeline in `pipelines/` of the working directory and of the package, by name."""
    return [Listed(name, path, _description(path)) for name, path in names()]


def _description(path: Path) -> str:
    try:
        return load(path).description
    except HeadpondError as error:
        return f"cannot be loaded: {error.message}"
