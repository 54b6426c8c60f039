"""Fields by dotted path, as Elasticsearch's processors name them: `title`, `author.name`, `tags.0`.

A key that holds the dots itself (`{"author.name": "x"}`) is found too. A leading `_source.` is allowed
and means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
_METADATA = ("_id", "_index", "_routing", "_version", "_version_type", "_ingest")


def get(document: dict[str, Any], path: str) -> Any:
    """The value at `path`, or `MISSING`."""
    node: Any = document
    rest = path.removeprefix("_source.")
    while True:
        if isinstance(node, dict) and rest in node:
            return node[rest]
        head, dot, rest = rest.partition(".")
        node = _step(node, head)
        if node is MISSING or not dot:
            return node


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Writes the value, making the objects on the way.

    Raises:
        ValueError: something on the way is not an object, or the path is the document's metadata.
    """
    path = path.removeprefix("_source.")
    if path.partition(".")[0] in _METADATA:
        raise ValueError(f"cannot write [{path}]: a record's id is its `_id` key as it is read, its index is the job's")
    node: Any = document
    rest = path
    while True:
        if isinstance(node, dict) and rest in node:
            node[rest] = value
            return
        head, dot, tail = rest.partition(".")
        if not dot:
            break
        child = _step(node, head)
        if child is MISSING or child is None:
            child = {}
            _write(node, head, child, path)
        node, rest = child, tail
    _write(node, rest, value, path)


def remove(document: dict[str, Any], path: str) -> bool:
    """Takes the field out; False when it is not there."""
    node: Any = document
    rest = path.removeprefix("_source.")
    while True:
        if isinstance(node, dict) and rest in node:
            del node[rest]
            return True
        head, dot, rest = rest.partition(".")
        child = _step(node, head)
        if child is MISSING:
            return False
        if not dot:
            del node[int(head) if isinstance(node, list) else head]
            return True
        node = child


@dataclass(frozen=True, slots=True)
class Slot:
    """A value read, and where what is made of it goes.

    Attributes:
        value: the value, `MISSING` when there is none.
        holder: the object that the output path is relative to.
        output: the output path in `holder`.
    """

    value: Any
    holder: dict[str, Any]
    output: str

    def fill(self, value: Any) -> None:
        """Writes the output.

        Raises:
            ValueError: as `put`.
        """
        put(self.holder, self.output, value)


def slots(document: dict[str, Any], source: str, target: str) -> Iterator[Slot]:
    """Pairs of input value and output place; a list of objects on the way gives one pair for each object.

    With `source="passages.text"` and `target="passages.vector"` every passage gets its own vector.

    Raises:
        ValueError: the input leads through a list that the output does not lead through.
    """
    yield from _slots(document, source.removeprefix("_source."), document, target.removeprefix("_source."))


def _slots(node: dict[str, Any], source: str, holder: dict[str, Any], target: str) -> Iterator[Slot]:
    head, dot, tail = source.partition(".")
    if source in node or not dot:
        yield Slot(node.get(source, MISSING), holder, target)
        return
    child = node.get(head, MISSING)
    target_head, _, target_tail = target.partition(".")
    together = node is holder and target_head == head and bool(target_tail)
    if isinstance(child, dict):
        yield from _slots(child, tail, child if together else holder, target_tail if together else target)
    elif isinstance(child, list):
        if not together:
            raise ValueError(f"[{head}] is a list, so the output of [{source}] must lie in it, not at [{target}]")
        for item in child:
            if not isinstance(item, dict):
                raise ValueError(f"[{head}] holds {kind(item)} where [{source}] needs objects")
            yield from _slots(item, tail, item, target_tail)
    else:
        yield Slot(MISSING, holder, target)


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for type_, name in ((str, "a text"), (int | float, "a number"), (list, "a list"), (dict, "an object")):
        if isinstance(value, type_):
            return name
    return type(value).__name__


def _step(node: Any, key: str) -> Any:
    if isinstance(node, dict):
        return node.get(key, MISSING)
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        return node[int(key)]
    return MISSING


def _write(node: Any, key: str, value: Any, path: str) -> None:
    if isinstance(node, dict):
        node[key] = value
    elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        node[int(key)] = value
    else:
        raise ValueError(f"cannot write [{key}] of [{path}]: its parent is {kind(node)}")
