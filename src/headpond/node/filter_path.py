"""`filter_path`: keeps only the parts of an answer a caller asks for (`hits.hits._id`, `items.*.error`, `-took`)."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

_NOTHING = object()


def filter_path(answer: Any, wanted: str) -> Any:
    """The answer reduced to the given comma-separated paths; `*` matches one name, `**` any depth, `-` excludes."""
    paths = [path.strip() for path in wanted.split(",") if path.strip()]
    include = [path.split(".") for path in paths if not path.startswith("-")]
    exclude = [path[1:].split(".") for path in paths if path.startswith("-")]
    if include:
        answer = _keep(answer, include)
    if exclude and answer is not _NOTHING:
        answer = _drop(answer, exclude)
    return {} if answer is _NOTHING else answer


def _advance(paths: list[list[str]], name: str) -> tuple[bool, list[list[str]]]:
    """Whether a path ends at `name`, and what remains of the paths that go on below it."""
    ended, rest = False, []
    for path in paths:
        head, tail = path[0], path[1:]
        if head == "**":
            rest.append(path)
            if tail:
                deeper_ended, deeper = _advance([tail], name)
                ended |= deeper_ended
                rest.extend(deeper)
            else:
                ended = True
        elif fnmatchcase(name, head):
            if tail:
                rest.append(tail)
            else:
                ended = True
    return ended, rest


def _keep(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        items = [item for item in (_keep(item, paths) for item in value) if item is not _NOTHING]
        return items or _NOTHING
    if not isinstance(value, dict):
        return _NOTHING
    result = {}
    for name, inner in value.items():
        ended, rest = _advance(paths, name)
        kept = inner if ended else _keep(inner, rest) if rest else _NOTHING
        if kept is not _NOTHING:
            result[name] = kept
    return result if result else _NOTHING


def _drop(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_drop(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, inner in value.items():
        ended, rest = _advance(paths, name)
        if not ended:
            result[name] = _drop(inner, rest) if rest else inner
    return result
