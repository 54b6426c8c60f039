"""Mustache snippets as Elasticsearch's processors know them: `{{field}}` and `{{{field}}}` in a text, nothing more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from headpond import exact_json
from headpond.stages.path import MISSING

_TAG = re.compile(r"\{\{\{?\s*([^{}]*?)\s*\}?\}\}")


def names(value: Any) -> list[str]:
    """The names that a value's snippets mention, in order.

    Raises:
        ValueError: a snippet is more than a name (sections, partials and the like are not supported).
    """
    if isinstance(value, dict):
        return [name for item in value.values() for name in names(item)]
    if isinstance(value, list):
        return [name for item in value for name in names(item)]
    if not isinstance(value, str):
        return []
    found = [match.group(1) for match in _TAG.finditer(value)]
    for name in found:
        if not name or name[0] in "#^/!>&=":
            raise ValueError(f"the snippet {{{{{name}}}}} is not supported, only {{{{a.field}}}} is")
    return found


def render(value: Any, read: Callable[[str], Any]) -> Any:
    """The value with every snippet replaced; objects and lists are walked, anything but a text stays as it is.

    Args:
        value: JSON.
        read: gives the value of a name, `MISSING` for none (which renders as nothing).
    """
    if isinstance(value, dict):
        return {key: render(item, read) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item, read) for item in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    return _TAG.sub(lambda match: _text(read(match.group(1))), value)


def _text(value: Any) -> str:
    if value is None or value is MISSING:
        return ""
    if isinstance(value, str):
        return value
    return exact_json.dumps(value).decode()
