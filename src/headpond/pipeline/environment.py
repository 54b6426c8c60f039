"""`${NAME}` and `${NAME:default}` in the settings of endpoints and in the index's name.

They are resolved when an endpoint is made and at no other time. Values are never shown: a text that might hold one goes
through `Resolved.redact` first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headpond.errors import PipelineError
from headpond.stages.where import Where

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^}]*))?\}")
_SHORTEST_SECRET = 4


@dataclass(slots=True)
class Resolved:
    """A value with its references replaced.

    Attributes:
        value: JSON.
        secrets: name -> what the environment had.
    """

    value: Any
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def redact(self, text: str) -> str:
        """The text with every value from the environment replaced by its reference."""
        for name, secret in sorted(self.secrets.items(), key=lambda item: -len(item[1])):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, f"${{{name}}}")
        return text


def resolve(value: Any, where: Where, environment: Mapping[str, str] | None = None) -> Resolved:
    """Replaces the references in a value.

    Args:
        value: JSON; objects and lists are walked.
        where: its place in the file.
        environment: where names are looked up; the process's when None.

    Raises:
        PipelineError: a name has neither value nor default; the message says name, file and line.
    """
    found = os.environ if environment is None else environment
    resolved = Resolved(None)

    def walk(node: Any, place: Where) -> Any:
        if isinstance(node, dict):
            return {key: walk(item, place.at(key)) for key, item in node.items()}
        if isinstance(node, list):
            return [walk(item, place.at(index)) for index, item in enumerate(node)]
        return _REFERENCE.sub(lambda match: one(match, place), node) if isinstance(node, str) else node

    def one(match: re.Match[str], place: Where) -> str:
        name, default = match["name"], match["default"]
        text = found.get(name)
        if text:
            resolved.secrets[name] = text
            return text
        if default is not None:
            return default
        raise PipelineError(
            f"the environment variable {name} is {unset(name, found)}",
            where=str(place) or None,
            hint=f"export {name}=...",
        )

    resolved.value = walk(value, where)
    return resolved


def unset(name: str, environment: Mapping[str, str]) -> str:
    """What a name is that gives no value."""
    return "set, but empty" if name in environment else "not set"


def references(value: Any, where: Where) -> Iterator[tuple[str, bool, Where]]:
    """Every reference in a value: its name, whether it has a default, and its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from references(item, where.at(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references(item, where.at(index))
    elif isinstance(value, str):
        for match in _REFERENCE.finditer(value):
            yield match["name"], match["default"] is not None, where
