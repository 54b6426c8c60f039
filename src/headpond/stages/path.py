"""Fields of a hit by dotted path; a key that holds the dots itself is found too."""

from __future__ import annotations

from typing import Any


def get(document: dict[str, Any], path: str) -> Any:
    """The value at `path`; None when there is none."""
    node: Any = document
    rest = path
    while True:
        if isinstance(node, dict) and rest in node:
            return node[rest]
        head, dot, rest = rest.partition(".")
        if isinstance(node, list) and head.isdecimal() and int(head) < len(node):
            node = node[int(head)]
        else:
            node = node.get(head) if isinstance(node, dict) else None
        if node is None or not dot:
            return node
