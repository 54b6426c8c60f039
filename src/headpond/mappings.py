"""Finds and reads index bodies: files of `mappings/`, each `{"settings": ..., "mappings": ...}`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from headpond.errors import InputError, nearest

_PACKAGE = Path(__file__).parent
Body = dict[str, Any]


def folders() -> list[Path]:
    """Where names are looked up, first wins: the working directory's `mappings`, then those of the package."""
    shipped, checkout = _PACKAGE / "_data" / "mappings", _PACKAGE.parents[1] / "mappings"
    return [folder for folder in (Path("mappings"), shipped, checkout) if folder.is_dir()]


def names() -> Iterator[tuple[str, Path]]:
    """Every mapping that can be named, with its file, sorted."""
    found: dict[str, Path] = {}
    for folder in folders():
        for file in sorted(folder.glob("*.json")):
            found.setdefault(file.stem, file)
    yield from sorted(found.items())


def find(name_or_path: str | Path, *, beside: Path | None = None) -> Path:
    """The file of a mapping.

    Args:
        name_or_path: a name such as `hybrid`, or a path that ends in `.json`.
        beside: the folder that a relative path may also start from, that of the pipeline file.

    Raises:
        InputError: there is none; says where it was looked for, and the nearest name.
    """
    given = str(name_or_path)
    if given.endswith(".json") or "/" in given:
        path = Path(given).expanduser()
        for candidate in (path, beside / path) if beside else (path,):
            if candidate.is_file():
                return candidate
    known = dict(names())
    if given in known:
        return known[given]
    near = nearest(given, known)
    meant = f", did you mean {near!r}?" if near else ""
    looked = ", ".join(str(folder) for folder in folders()) or "no folder named mappings"
    hint = f"known: {', '.join(known) or '(none)'}; looked in {looked}; or give a path that ends in .json"
    raise InputError(f"unknown mapping {given!r}{meant}", hint=hint)


def read(path: Path) -> Body:
    """The index body in a file.

    Raises:
        InputError: the file cannot be read, is not JSON, or is not an index body.
    """
    try:
        body = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg}", where=f"{path}:{error.lineno}") from None
    check(body, str(path))
    return dict(body)


def check(body: Any, where: str) -> None:
    """Refuses what is not an index body.

    Raises:
        InputError: says which key is wrong.
    """
    if not isinstance(body, dict):
        raise InputError("an index body is an object {settings, mappings}", where=where)
    for key in body:
        if key not in ("settings", "mappings", "aliases"):
            near = nearest(key, ("settings", "mappings", "aliases"))
            meant = f", did you mean {near!r}?" if near else ""
            raise InputError(f"unknown key {key!r} in an index body{meant}", where=where)
    if not isinstance(body.get("mappings", {}), dict):
        raise InputError("[mappings] is an object", where=where)
    _check_fields(body.get("mappings", {}), "mappings", where)


def _check_fields(node: dict[str, Any], path: str, where: str) -> None:
    properties = node.get("properties")
    if properties is None:
        return
    if not isinstance(properties, dict):
        raise InputError(f"[{path}.properties] is an object of fields, not {properties!r:.50}", where=where)
    for name, definition in properties.items():
        if isinstance(definition, dict):
            _check_fields(definition, f"{path}.properties.{name}", where)


def fields(body: Body) -> dict[str, dict[str, Any]]:
    """Every field of an index body by dotted path, with its definition; objects and nested ones are walked."""
    found: dict[str, dict[str, Any]] = {}
    _collect(body.get("mappings") or {}, "", found)
    return found


def _collect(node: dict[str, Any], prefix: str, found: dict[str, dict[str, Any]]) -> None:
    for name, definition in (node.get("properties") or {}).items():
        if isinstance(definition, dict):
            found[f"{prefix}{name}"] = definition
            _collect(definition, f"{prefix}{name}.", found)
