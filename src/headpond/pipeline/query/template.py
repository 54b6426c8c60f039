"""`{{query}}` and `{{size}}` in a pipeline's `search`, as in Elasticsearch's search templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headpond.errors import PipelineError, nearest
from headpond.stages.where import Where

NAMES = ("query", "size")
_PLACEHOLDER = re.compile(r"\{\{\{?\s*(?P<name>[^{}]*?)\s*\}?\}\}")


def render(body: Any, values: Mapping[str, Any], where: Where) -> Any:
    """The body with its placeholders replaced; a text that is nothing but one takes the value with its type.

    Raises:
        PipelineError: a placeholder is not known.
    """
    if isinstance(body, dict):
        return {key: render(item, values, where.at(key)) for key, item in body.items()}
    if isinstance(body, list):
        return [render(item, values, where.at(index)) for index, item in enumerate(body)]
    if not isinstance(body, str) or "{{" not in body:
        return body
    for name, place in placeholders(body, where):
        if name not in values:
            raise unknown(name, place)
    if match := _PLACEHOLDER.fullmatch(body):
        return values[match["name"]]
    return _PLACEHOLDER.sub(lambda match: str(values[match["name"]]), body)


def placeholders(body: Any, where: Where) -> Iterator[tuple[str, Where]]:
    """Every placeholder in a body, with its place."""
    if isinstance(body, dict):
        for key, item in body.items():
            yield from placeholders(item, where.at(key))
    elif isinstance(body, list):
        for index, item in enumerate(body):
            yield from placeholders(item, where.at(index))
    elif isinstance(body, str):
        for match in _PLACEHOLDER.finditer(body):
            yield match["name"], where


def unknown(name: str, where: Where) -> PipelineError:
    """The error for a placeholder that is not known."""
    near = nearest(name, NAMES)
    meant = f", did you mean {{{{{near}}}}}?" if near else ""
    known = ", ".join(f"{{{{{known}}}}}" for known in NAMES)
    return where.error(f"unknown placeholder {{{{{name}}}}}{meant}", code="placeholder", hint=f"known: {known}")
