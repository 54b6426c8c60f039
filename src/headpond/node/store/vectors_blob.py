"""Vectors beside the source: they are taken out of a document before it is stored, and put back when someone asks for them.

Format of the bytes: a little-endian uint32 with the length of a JSON header, the header, then the raw numbers of all dense
vectors one after another. The header is a list of `{"path": [keys and array positions], "type": "<f4" | "|i1", "length": n}`
for dense and `{"path": [...], "value": ...}` for sparse vectors, whose weights are kept exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

Key = str | int


def take_vectors(document: dict[str, Any], paths: Sequence[tuple[Key, ...]]) -> bytes:
    """Removes the values at the given places from the document and returns them as bytes."""
    header: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for path in paths:
        holder = _holder(document, path)
        if holder is None or (value := _take(holder, path[-1])) is None:
            continue
        if isinstance(value, list) and value and not isinstance(value[0], (dict, list)):
            vector = _packed(value)
            header.append({"path": path, "type": vector.dtype.str, "length": len(vector)})
            raw.append(vector.tobytes())
        else:
            header.append({"path": path, "value": value})
    if not header:
        return b""
    start = orjson.dumps(header)
    return b"".join([len(start).to_bytes(4, "little"), start, *raw])


def put_vectors(document: dict[str, Any], blob: bytes) -> dict[str, Any]:
    """Puts the vectors back; dense ones come as float32 arrays of shape (dims,), which `encode` writes as JSON numbers."""
    if not blob:
        return document
    size = int.from_bytes(blob[:4], "little")
    at = 4 + size
    for entry in orjson.loads(blob[4:at]):
        if "value" in entry:
            value = entry["value"]
        else:
            kind = np.dtype(entry["type"])
            value = np.frombuffer(blob, kind, entry["length"], at)
            at += kind.itemsize * entry["length"]
        holder = _holder(document, entry["path"])
        if holder is not None:
            holder[entry["path"][-1]] = value
    return document


def _packed(value: list[Any]) -> NDArray[Any]:
    given = np.array(value)
    whole = given.dtype.kind == "i" and bool((np.abs(given) < 128).all())
    return given.astype(np.int8 if whole else np.float32)


def _holder(document: dict[str, Any], path: Sequence[Key]) -> Any:
    here: Any = document
    for key in path[:-1]:
        try:
            here = here[key]
        except (KeyError, IndexError, TypeError):
            return None
    return here if isinstance(here, (dict, list)) else None


def _take(holder: Any, key: Key) -> Any:
    return holder.pop(key, None) if isinstance(holder, dict) else holder[int(key)]
