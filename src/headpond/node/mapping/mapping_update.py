"""What one document adds to a mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headpond.node.call import illegal_argument

if TYPE_CHECKING:
    from headpond.node.mapping.mapping import Mapping
    from headpond.node.mapping.types.dense_vector import DenseVector


class MappingUpdate:
    """Collects new fields as a mapping body.

    Attributes:
        body: as `PUT _mapping` takes it.
        count: new fields and objects, multi-fields included.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.body: dict[str, Any] = {}
        self.count = 0
        self._mapping = mapping

    def __bool__(self) -> bool:
        return bool(self.body)

    def add(self, path: str, body: dict[str, Any] | None) -> None:
        """Adds a field, or an object when the body is None.

        Raises:
            RestError: 400, the same document has already given the path another type.
        """
        node, here = self.body, ""
        *parents, name = path.split(".")
        for part in parents:
            here = f"{here}.{part}" if here else part
            node = node.setdefault("properties", {}).setdefault(part, self._object(here))
        known = node.setdefault("properties", {}).get(name)
        body = {"type": "object"} if body is None else body
        if known is None:
            node["properties"][name] = body
            self.count += 1 + len(body.get("fields", ()))
        elif known.get("type", "object") != body["type"]:
            if "object" in (known.get("type", "object"), body["type"]):
                raise illegal_argument(f"can't merge a non object mapping [{path}] with an object mapping")
            raise illegal_argument(f"mapper [{path}] cannot be changed from type [{known['type']}] to [{body['type']}]")

    def _object(self, path: str) -> dict[str, Any]:
        found = self._mapping.object(path)
        return {"type": "nested" if found is not None and found.nested else "object"}

    def add_dims(self, field: DenseVector, dims: int | None) -> None:
        """Gives a dense_vector field the length of its first vector."""
        if dims:
            self.add(field.path, {**field.described(), "dims": dims})
            self.count -= 1
