"""A value as Elasticsearch shows it in a message: Java's `toString`."""

from __future__ import annotations

from typing import Any

from headpond.node.mapping.text_value import java_double


def preview(value: Any) -> str:
    """`{a=1}`, `[1, 2]`, `true`, `1.5`, `null`, or the string itself."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={preview(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(preview(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return java_double(value) if isinstance(value, float) else str(value)
