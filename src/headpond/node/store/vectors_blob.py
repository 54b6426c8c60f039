"""Vectors beside the source: they are taken out of a document before it is stored, and put back when asked for.

Format of the bytes: a little-endian uint32 with the length of a JSON header, the header, then the raw numbers of all
dense
vectors one after another. The header is a list of `{"path": [keys and array positions], "type": "<f4" | "|i1",
"length": n}` for dense and `{"path": [...], "value": ...}` for sparse vectors, whose weights are kept exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headpond import exact_json
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.types.dense_vector import DenseVector
from headpond.node.mapping.vector_value import read_bytes
from headpond.node.store.feature_weight import quantised

Key = str | int


def take_vectors(document: dict[str, Any], vectors: Sequence[tuple[tuple[Key, ...], FieldType]]) -> bytes:
    """Removes the values at the given places from the document and returns them as bytes.

    Args:
        document: the parsed source; it is changed.
        vectors: keys and array positions that lead to each value, with its field.
    """
    header: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for path, field in vectors:
        holder = _holder(document, path)
        if holder is None or (value := _take(holder, path[-1])) is None:
            continue
        if isinstance(field, DenseVector):
            whole = field.element_type != "float"
            vector = read_bytes(value, field.element_type) if whole else np.array(value, np.float32)
            header.append({"path": path, "type": vector.dtype.str, "length": len(vector)})
            raw.append(vector.tobytes())
        else:
            header.append({"path": path, "value": value})
    if not header:
        return b""
    start = exact_json.dumps(header)
    return b"".join([len(start).to_bytes(4, "little"), start, *raw])


def put_vectors(document: dict[str, Any], blob: bytes, *, exact: bool = False) -> dict[str, Any]:
    """Puts the vectors back.

    Args:
        document: the source without vectors; it is changed.
        blob: what `take_vectors` gave.
        exact: gives everything as it was sent: dense vectors as lists, weights unrounded. Otherwise dense vectors
            come as
            arrays of shape (dims,) of float32 or int8, which `encode` writes as JSON numbers, and weights as the
            index holds
            them, as Elasticsearch does it.
    """
    if not blob:
        return document
    size = int.from_bytes(blob[:4], "little")
    at = 4 + size
    for entry in exact_json.loads(blob[4:at]):
        if "value" in entry:
            value = entry["value"] if exact else _rounded(entry["value"])
        else:
            kind = np.dtype(entry["type"])
            value = np.frombuffer(blob, kind, entry["length"], at)
            value = value.tolist() if exact else value
            at += kind.itemsize * entry["length"]
        holder = _holder(document, entry["path"])
        if holder is not None:
            holder[entry["path"][-1]] = value
    return document


def _rounded(value: Any) -> Any:
    """Weights as the index holds them; several objects become one."""
    objects = value if isinstance(value, list) else [value]
    weights: dict[str, Any] = {}
    for item in objects:
        for token, weight in item.items():
            if weight is not None:
                weights[token] = max(weights.get(token, 0.0), float(weight))
    stored = quantised(np.array(list(weights.values()), np.float32))
    return dict(zip(weights, list(stored), strict=True))


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
