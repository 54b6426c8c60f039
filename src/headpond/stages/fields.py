"""Fields of a record by path, exactly as Elasticsearch's processors reach them: `title`, `author.name`, `tags.0`.

A path leads through objects and lists; `_ingest.` reaches the ingest metadata, `_source.` means nothing, `_id` and its
like are the document's metadata. A key that holds dots itself is out of reach, unless the pipeline has
`field_access_pattern: flexible`; then it is found, and lists are not entered. Errors have Elasticsearch's texts.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from headpond.stages import java
from headpond.stages.record import Record


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def get(record: Record, path: str, *, missing_ok: bool = False) -> Any:
    """The value at `path`; None for a missing one when that is no error.

    Raises:
        ValueError: there is no such field, or the path is not valid.
    """
    node, parts = _start(record, path)
    try:
        return _resolved(record, node, parts, path)
    except ValueError:
        if missing_ok:
            return None
        raise


def get_text(record: Record, path: str, *, missing_ok: bool = False) -> str | None:
    """As `get`, for a value that must be a text.

    Raises:
        ValueError: as `get`, or the value is something else.
    """
    value = get(record, path, missing_ok=missing_ok)
    if value is None or isinstance(value, str):
        return value
    raise cannot_cast(path, value, "java.lang.String")


def cannot_cast(path: str, value: Any, wanted: str) -> ValueError:
    """The error for a value of another type."""
    return ValueError(f"field [{path}] of type [{java.type_name(value)}] cannot be cast to [{wanted}]")


def is_empty(value: Any) -> bool:
    """Whether a value is null or an empty text."""
    return value is None or (isinstance(value, str) and not value)


def has(record: Record, path: str, *, in_range: bool = False) -> bool:
    """Whether there is a field at `path`, be it null.

    Args:
        record: the record.
        path: the path.
        in_range: a place outside of a list is an error.

    Raises:
        ValueError: the path is not valid, or leads outside of a list.
    """
    node, parts = _start(record, path)
    for at, part in enumerate(parts):
        if record.flexible and isinstance(node, Mapping) and part not in node:
            return _find(node, parts[at:])[0] is not MISSING
        if record.flexible and isinstance(node, list):
            return False
        if isinstance(node, list) and (index := _index(part)) is not None and not 0 <= index < len(node):
            if in_range:
                raise _out_of_bounds(path, index, node)
            return False
        try:
            node = _inner(node, part, path)
        except ValueError:
            return False
    return True


def put(record: Record, path: str, value: Any) -> None:
    """Writes the value, making the objects on the way.

    Raises:
        ValueError: something on the way is no object or list, or metadata is given a wrong type.
    """
    node, leaf = _holder(record, path)
    if isinstance(node, MutableMapping):
        node[leaf] = value
    else:
        node[_place(node, leaf, path)] = value


def append(
    record: Record, path: str, value: Any, *, allow_duplicates: bool = True, ignore_empty_values: bool = False
) -> None:
    """Adds a value, or each one of a list, to the list at `path`; what is no list becomes one.

    Raises:
        ValueError: as `put`.
    """
    node, leaf = _holder(record, path)
    if isinstance(node, MutableMapping):
        key: Any = leaf
        before = node.get(leaf, MISSING)
    else:
        key = _place(node, leaf, path)
        before = node[key]
    kept = list(before) if isinstance(before, list) else [] if before is MISSING else [before]
    length = len(kept)
    for item in value if isinstance(value, list) else [value]:
        if ignore_empty_values and is_empty(item):
            continue
        if allow_duplicates or not any(type(item) is type(other) and item == other for other in kept):
            kept.append(item)
    if len(kept) > length:
        node[key] = kept


def remove(record: Record, path: str, *, missing_ok: bool = False) -> None:
    """Takes the field out.

    Raises:
        ValueError: there is none.
    """
    node, parts = _start(record, path)
    try:
        _remove(record, node, parts, path)
    except ValueError:
        if not missing_ok:
            raise


def _remove(record: Record, node: Any, parts: tuple[str, ...], path: str) -> None:
    leaf = parts[-1]
    for at, part in enumerate(parts[:-1]):
        if record.flexible and isinstance(node, Mapping) and part not in node:
            node, leaf = _nearest(node, parts[at:])
            break
        if record.flexible and isinstance(node, list):
            raise _invalid(path)
        node = _inner(node, part, path)
    if isinstance(node, MutableMapping):
        if leaf not in node:
            raise _not_present(path, leaf)
        del node[leaf]
    elif isinstance(node, list) and not record.flexible:
        del node[_place(node, leaf, path)]
    elif isinstance(node, list):
        raise _invalid(path)
    else:
        what = "null" if node is None else f"object of type [{java.type_name(node)}]"
        raise ValueError(f"cannot remove [{leaf}] from {what} as part of path [{path}]")


@functools.lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the path is in the ingest metadata, and its parts."""
    if not path:
        raise ValueError("path cannot be null nor empty")
    ingest = path.startswith("_ingest.")
    rest = path.removeprefix("_ingest.") if ingest else path.removeprefix("_source.")
    parts = rest.rstrip(".").split(".")  # Java's split leaves empty parts at the end out
    if not all(parts):
        raise _invalid(path)
    return ingest, tuple(parts)


def _start(record: Record, path: str) -> tuple[Any, tuple[str, ...]]:
    ingest, parts = _parts(path)
    if record.flexible and any("[" in part or "]" in part for part in parts):
        raise _invalid(path)
    return (record.ingest if ingest else record.root), parts


def _resolved(record: Record, node: Any, parts: tuple[str, ...], path: str) -> Any:
    for at, part in enumerate(parts):
        if record.flexible and isinstance(node, Mapping) and part not in node:
            value, key = _find(node, parts[at:])
            if value is MISSING:
                raise _not_present(path, key)
            return value
        if record.flexible and isinstance(node, list):
            raise _invalid(path)
        node = _inner(node, part, path)
    return node


def _inner(node: Any, part: str, path: str) -> Any:
    """One step down.

    Raises:
        ValueError: an object has no such key, a list no such place, or it is neither.
    """
    if isinstance(node, Mapping):
        if part not in node:
            raise _not_present(path, part)
        return node[part]
    if isinstance(node, list):
        return node[_place(node, part, path)]
    what = "null" if node is None else f"object of type [{java.type_name(node)}]"
    raise ValueError(f"cannot resolve [{part}] from {what} as part of path [{path}]")


def _holder(record: Record, path: str) -> tuple[Any, str]:
    """The object or list that holds the last part, objects on the way made; and that part's key."""
    node, parts = _start(record, path)
    leaf = parts[-1]
    for at, part in enumerate(parts[:-1]):
        if record.flexible and isinstance(node, list):
            raise _invalid(path)
        if isinstance(node, MutableMapping) and part not in node:
            if record.flexible:
                node, leaf = _nearest(node, parts[at:])
                break
            node[part] = {}
        node = _inner(node, part, path)
    if isinstance(node, MutableMapping) or (isinstance(node, list) and not record.flexible):
        return node, leaf
    if isinstance(node, list):
        raise _invalid(path)
    what = "null parent" if node is None else f"parent object of type [{java.type_name(node)}]"
    raise ValueError(f"cannot set [{leaf}] with {what} as part of path [{path}]")


def _nearest(node: Any, parts: tuple[str, ...]) -> tuple[Any, str]:
    """The deepest object that the parts lead to, with keys that hold dots; and what remains as one key."""
    while len(parts) > 1:
        for length in range(1, len(parts)):
            key = ".".join(parts[:length])
            if isinstance(node, Mapping) and key in node:
                node, parts = node[key], parts[length:]
                break
        else:
            break
    return node, ".".join(parts)


def _find(node: Any, parts: tuple[str, ...]) -> tuple[Any, str]:
    """The value behind keys that may hold dots, or MISSING; and the key that was looked for last."""
    holder, key = _nearest(node, parts)
    if isinstance(holder, Mapping) and key in holder:
        return holder[key], key
    return MISSING, key


def _index(part: str) -> int | None:
    digits = part[1:] if part[:1] in ("-", "+") else part
    return int(part) if digits.isdecimal() and digits.isascii() and len(digits) < 10 else None


def _place(node: list[Any], part: str, path: str) -> int:
    index = _index(part)
    if index is None:
        raise ValueError(f"[{part}] is not an integer, cannot be used as an index as part of path [{path}]")
    if not 0 <= index < len(node):
        raise _out_of_bounds(path, index, node)
    return index


def _not_present(path: str, key: str) -> ValueError:
    return ValueError(f"field [{key}] not present as part of path [{path}]")


def _out_of_bounds(path: str, index: int, node: list[Any]) -> ValueError:
    return ValueError(f"[{index}] is out of bounds for array with length [{len(node)}] as part of path [{path}]")


def _invalid(path: str) -> ValueError:
    return ValueError(f"path [{path}] is not valid")
