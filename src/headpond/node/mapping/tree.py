"""The inner nodes of a mapping: objects and nested objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headpond.node.mapping.base import FieldType

OBJECT_OPTIONS = frozenset({"type", "dynamic", "enabled", "properties", "subobjects"})
NESTED_OPTIONS = frozenset({"type", "dynamic", "enabled", "properties", "include_in_parent", "include_in_root"})


@dataclass(slots=True)
class ObjectMapper:
    """An object of a mapping.

    Attributes:
        path: full dotted path, "" for the root.
        nested: whether each of its values is a document of its own.
        dynamic: what becomes of unknown fields: true, false or strict; None inherits.
        enabled: False leaves everything below unread.
        children: fields and objects by their own name.
        inherited: `dynamic`, or the nearest one above that is given.
    """

    path: str
    nested: bool = False
    dynamic: str | None = None
    enabled: bool = True
    children: dict[str, FieldType | ObjectMapper | Alias] = field(default_factory=dict)
    inherited: str = "true"

    def described(self) -> dict[str, Any]:
        """The body for `GET _mapping`."""
        body: dict[str, Any] = {}
        if self.nested:
            body["type"] = "nested"
        elif self.path and not self.children:
            body["type"] = "object"
        if self.dynamic is not None:
            body["dynamic"] = self.dynamic
        if not self.enabled:
            body["enabled"] = False
        if self.children:
            body["properties"] = {name: self.children[name].described() for name in sorted(self.children)}
        return body


@dataclass(frozen=True, slots=True)
class Alias:
    """A field of type `alias`: another name for a field.

    Attributes:
        path: its own path.
        target: the path of the field it stands for.
    """

    path: str
    target: str

    def described(self) -> dict[str, Any]:
        """The body for `GET _mapping`."""
        return {"type": "alias", "path": self.target}
