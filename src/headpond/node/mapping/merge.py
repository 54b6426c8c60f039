"""Merges an update into a mapping, with Elasticsearch's rules for what may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.tree import Alias, ObjectMapper

if TYPE_CHECKING:
    from headpond.node.mapping.mapping import Mapping


def merge_bodies(old: Mapping, new: Mapping) -> dict[str, Any]:
    """The body of the merged mapping.

    Raises:
        RestError: 400, a type or an option that cannot change differs.
    """
    body = {**old.body, **{name: value for name, value in new.body.items() if name != "properties"}}
    for name in ("_source", "_routing"):
        if name in new.body and old.body.get(name) != new.body[name]:
            before, after = old.body.get(name), new.body[name]
            raise illegal_argument(
                f"Mapper for [{name}] conflicts with existing mapper:\n"
                f"\tCannot update parameter [{name}] from [{before}] to [{after}]"
            )
    properties = _merge_objects(old.root, new.root)
    if properties:
        body["properties"] = properties
    return body


def _merge_objects(old: ObjectMapper, new: ObjectMapper) -> dict[str, Any]:
    merged = {name: child.described() for name, child in old.children.items()}
    for name, child in new.children.items():
        before = old.children.get(name)
        merged[name] = child.described() if before is None else _merge(before, child)
    return merged


def _merge(old: FieldType | ObjectMapper | Alias, new: FieldType | ObjectMapper | Alias) -> dict[str, Any]:
    if isinstance(old, ObjectMapper) or isinstance(new, ObjectMapper):
        if not (isinstance(old, ObjectMapper) and isinstance(new, ObjectMapper)):
            raise illegal_argument(f"can't merge a non object mapping [{new.path}] with an object mapping")
        return _merge_object(old, new)
    if isinstance(old, Alias) or isinstance(new, Alias):
        if type(old) is not type(new):
            kinds = ["alias" if isinstance(side, Alias) else side.type for side in (old, new)]
            raise illegal_argument(
                f"Cannot merge a field alias mapping [{new.path}] with a mapping that is not for a field alias."
                if kinds[0] == "alias"
                else f"mapper [{new.path}] cannot be changed from type [{kinds[0]}] to [{kinds[1]}]"
            )
        return new.described()
    return _merge_fields(old, new)


def _merge_object(old: ObjectMapper, new: ObjectMapper) -> dict[str, Any]:
    if old.nested != new.nested:
        raise illegal_argument(f"can't merge a non-nested mapping [{new.path}] with a nested mapping")
    if old.enabled != new.enabled:
        reason = f"the [enabled] parameter can't be updated for the object mapping [{new.path}]"
        raise RestError(500, "mapper_exception", reason)
    body = old.described()
    if new.dynamic is not None:
        body["dynamic"] = new.dynamic
    if children := _merge_objects(old, new):
        body["properties"] = children
    return body


def _merge_fields(old: FieldType, new: FieldType) -> dict[str, Any]:
    if old.type != new.type:
        raise illegal_argument(f"mapper [{new.path}] cannot be changed from type [{old.type}] to [{new.type}]")
    if conflicts := old.conflicts(new):
        listed = "\n\t".join(conflicts)
        raise illegal_argument(f"Mapper for [{new.path}] conflicts with existing mapper:\n\t{listed}")
    body = new.described()
    fields = {name: inner.described() for name, inner in old.fields.items()}
    for name, inner in new.fields.items():
        fields[name] = _merge_fields(old.fields[name], inner) if name in old.fields else inner.described()
    if fields:
        body["fields"] = fields
    return body
