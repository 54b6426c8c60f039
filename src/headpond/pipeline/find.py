"""Finds a pipeline file: by path, in `pipelines/` of the working directory, or among those that ship with headpond."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from headpond.errors import InputError, nearest

SUFFIXES = (".yaml", ".yml")
_PACKAGE = Path(__file__).parents[1]


def folders() -> list[Path]:
    """Where names are looked up, first wins: the working directory's `pipelines`, then those of the package."""
    checkout = _PACKAGE.parents[1] / "pipelines"
    shipped = _PACKAGE / "_data" / "pipelines"
    return [folder for folder in (Path("pipelines"), shipped, checkout) if folder.is_dir()]


def names() -> Iterator[tuple[str, Path]]:
    """Every pipeline that can be named, with its file, sorted; a name found twice is given once, as `find` would."""
    found: dict[str, Path] = {}
    for folder in folders():
        for file in sorted(folder.iterdir()):
            if file.suffix in SUFFIXES:
                found.setdefault(file.stem, file)
    yield from sorted(found.items())


def find(name_or_path: str | Path) -> Path:
    """The file of a pipeline.

    Raises:
        InputError: there is none; says where it was looked for, and the nearest name.
    """
    given = str(name_or_path)
    if given.endswith(SUFFIXES) or "/" in given or isinstance(name_or_path, Path):
        path = Path(given).expanduser()
        if path.is_file():
            return path
        raise InputError(f"there is no pipeline file {given!r}", hint=_known(given))
    known = dict(names())
    if given in known:
        return known[given]
    near = nearest(given, known)
    meant = f", did you mean {near!r}?" if near else ""
    raise InputError(f"unknown pipeline {given!r}{meant}", hint=_known(given))


def _known(given: str) -> str:
    looked = ", ".join(str(folder) for folder in folders()) or "no folder named pipelines"
    listed = ", ".join(name for name, _ in names()) or "(none)"
    return f"known: {listed}; looked in {looked}; or give a path that ends in .yaml"
