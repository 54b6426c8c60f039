"""Where a value stands in JSON text, for errors that name line and column as Elasticsearch's parser does."""

from __future__ import annotations

from json import JSONDecoder

Path = tuple[str | int, ...]

_DECODER = JSONDecoder(strict=False)


def position(text: str, path: Path, *, of_key: bool = False) -> tuple[int, int]:
    """Line and column, both from 1, of the value that `path` leads to.

    Only called once something is known to be wrong, so that reading requests costs nothing.

    Args:
        text: valid JSON.
        path: keys and indexes from the root.
        of_key: the place of the last key instead of its value.

    Raises:
        KeyError: the text has no such path.
    """
    at = _find(text, _skip(text, 0), path, of_key)
    line_start = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, at) + 1, at - line_start + 1


def _find(text: str, at: int, path: Path, of_key: bool) -> int:
    if not path:
        return at
    head, rest = path[0], path[1:]
    closing = "}" if isinstance(head, str) else "]"
    at, index = _skip(text, at + 1), 0
    while text[at] != closing:
        start, found = at, index == head
        if isinstance(head, str):
            name, at = _DECODER.raw_decode(text, at)
            at, found = _skip(text, _skip(text, at) + 1), name == head
        if found:
            return start if of_key and not rest else _find(text, at, rest, of_key)
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1
    raise KeyError(path)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
