"""Eight short passages with a dense and a sparse vector each."""

from __future__ import annotations

from typing import Any

DIMS = 4
VECTORS: dict[str, list[float]] = {
    "a": [1.0, 0.0, 0.0, 0.0],
    "b": [0.8, 0.6, 0.0, 0.0],
    "c": [0.5, 0.5, 0.5, 0.5],
    "d": [0.0, 1.0, 0.0, 0.0],
    "e": [-1.0, 0.0, 0.0, 0.0],
    "f": [0.3, -0.4, 0.5, 0.7071],
    "g": [0.1, 0.2, 0.3, 0.9273],
}
SPARSE: dict[str, dict[str, float]] = {
    "a": {"mill": 1.5, "pond": 0.5},
    "b": {"mill": 0.25, "weir": 2.0},
    "c": {"pond": 1.0},
    "d": {"weir": 0.125, "river": 3.0, "mill": 1.0},
    "e": {"river": 0.75},
    "f": {"mill": 1.0, "pond": 1.0, "weir": 1.0},
}
GROUPS = {"a": "x", "b": "y", "c": "x", "d": "y", "e": "x", "f": "y", "g": "y", "h": "x"}
TEXTS = {
    "a": "the mill by the pond",
    "b": "a weir above the mill",
    "c": "the pond in winter",
    "d": "river and weir and mill",
    "e": "down the river",
    "f": "mill, pond, weir",
    "g": "nothing of the kind",
    "h": "a passage without vectors",
}


def documents(scale: float = 1.0) -> dict[str, dict[str, Any]]:
    """The passages by id; `scale` multiplies the dense vectors. `h` has no vectors, `g` no sparse one."""
    return {
        key: {
            "text": TEXTS[key],
            "group": GROUPS[key],
            **({"v": [value * scale for value in VECTORS[key]]} if key in VECTORS else {}),
            **({"s": SPARSE[key]} if key in SPARSE else {}),
        }
        for key in TEXTS
    }


def mapping(**dense: Any) -> dict[str, Any]:
    """The index's mapping; the vectors are compared exactly (`flat`) unless said otherwise."""
    return {
        "properties": {
            "text": {"type": "text"},
            "group": {"type": "keyword"},
            "v": {"type": "dense_vector", "dims": DIMS, "index_options": {"type": "flat"}, **dense},
            "s": {"type": "sparse_vector"},
        }
    }
