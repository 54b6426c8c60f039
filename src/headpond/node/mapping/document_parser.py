"""Reads one document with a mapping: what goes into the index, and what the mapping must learn first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import BadValue, FieldType
from headpond.node.mapping.document_errors import DocumentErrors, Key
from headpond.node.mapping.limits import depth_error
from headpond.node.mapping.mapping import META_FIELDS, Mapping
from headpond.node.mapping.mapping_update import MappingUpdate
from headpond.node.mapping.tree import Alias, ObjectMapper
from headpond.node.mapping.types.dense_vector import DenseVector
from headpond.node.store.sink import Fields, FieldSink

SHORTEST_DYNAMIC_VECTOR = 128
LONGEST_DYNAMIC_VECTOR = 4096
MOST_NESTED = 10_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document read with a mapping.

    Attributes:
        documents: what the index gets, nested documents first, root last.
        vectors: keys and array positions that lead to each vector in the source, with its field.
        mapping: the mapping, with what the document taught it.
    """

    documents: list[Fields]
    vectors: list[tuple[tuple[Key, ...], FieldType]]
    mapping: Mapping


def parse_document(mapping: Mapping, id: str, raw: bytes, document: dict[str, Any]) -> Parsed:
    """Reads a document; unknown fields are added to the mapping as dynamic mapping has it.

    Args:
        mapping: the mapping so far.
        id: the document's id, for messages.
        raw: the JSON text, for the places in messages.
        document: the same, parsed.

    Raises:
        RestError: 400, a value does not fit its field, or the mapping may not learn what it would have to.
    """
    parser = _Parser(mapping, id, raw)
    parser.read(document)
    if parser.update:
        mapping = mapping.merged(parser.update.body)
        parser = _Parser(mapping, id, raw)
        parser.read(document)
    return Parsed(parser.sink.finish(), parser.vectors, mapping)


class _Expanded(dict[str, Any]):
    """The object that a dotted name stands for; it is not in the document, so that its keys lead nowhere there."""


class _Parser:
    def __init__(self, mapping: Mapping, id: str, raw: bytes) -> None:
        self.mapping = mapping
        self.id = id
        self.raw = raw
        self.sink = FieldSink()
        self.update = MappingUpdate(mapping)
        self.vectors: list[tuple[tuple[Key, ...], FieldType]] = []
        self._keys: list[Key] = []
        self._errors = DocumentErrors(raw, id, self._keys)

    def read(self, document: dict[str, Any]) -> None:
        if META_FIELDS.isdisjoint(document):
            self._object(self.mapping.root, document)
            return
        name = min(META_FIELDS & document.keys())
        self._keys.append(name)
        raise self._errors.meta_field(name, document[name])

    def _object(self, mapper: ObjectMapper, value: dict[str, Any]) -> None:
        keys, children = self._keys, mapper.children
        if type(value) is _Expanded:
            for name, inner in value.items():
                child = children.get(name)
                self._unknown(mapper, name, inner) if child is None else self._child(child, inner)
            return
        for name, inner in value.items():
            keys.append(name)
            child = children.get(name)
            if child is None:
                self._unknown(mapper, name, inner)
            elif isinstance(child, FieldType):
                self._field(child, inner)
            else:
                self._child(child, inner)
            keys.pop()

    def _child(self, child: FieldType | ObjectMapper | Alias, value: Any) -> None:
        if isinstance(child, FieldType):
            self._field(child, value)
        elif isinstance(child, ObjectMapper):
            self._inner(child, value)
        else:
            reason = f"Cannot write to a field alias [{child.path}]."
            raise self._errors.failed(illegal_argument(reason))

    def _inner(self, mapper: ObjectMapper, value: Any, *, in_array: bool = False, offset: int = 0) -> int:
        """Reads the value of an object; returns how many nested documents there are so far in its array."""
        if value is None or not mapper.enabled:
            return offset
        if isinstance(value, list):
            for position, item in enumerate(value):
                self._keys.append(position)
                offset = self._inner(mapper, item, in_array=True, offset=offset)
                self._keys.pop()
            return offset
        if not isinstance(value, dict):
            shown = "null" if in_array else mapper.path.rpartition(".")[2]
            raise self._errors.not_an_object(mapper.path, shown)
        if not mapper.nested:
            self._object(mapper, value)
            return offset
        if len(self.sink.documents) >= MOST_NESTED:
            raise self._errors.failed(
                illegal_argument(
                    f"The number of nested documents has exceeded the allowed limit of [{MOST_NESTED}]. This limit can "
                    "be set by changing the [index.mapping.nested_objects.limit] index level setting."
                )
            )
        outer = self.sink.begin_nested(mapper.path, offset)
        self._object(mapper, value)
        self.sink.end_nested(outer)
        return offset + 1

    def _field(self, field: FieldType, value: Any) -> None:
        if field.whole_arrays:
            if value is not None:
                self.vectors.append((tuple(self._keys), field))
                if isinstance(field, DenseVector) and field.dims is None:
                    self.update.add_dims(field, field.length_of(value))
            self._index(field, value)
        elif isinstance(value, list):
            for position, item in enumerate(value):
                self._keys.append(position)
                self._field(field, item)
                self._keys.pop()
        else:
            self._index(field, value)

    def _index(self, field: FieldType, value: Any, *, copied: bool = False) -> None:
        """Adds a value to the index; a copied one goes into the target and its multi-fields, and is not copied on."""
        try:
            field.null(self.sink) if value is None else field.index(value, self.sink)
        except BadValue as error:
            if not self._ignores_malformed(field, value):
                raise self._errors.bad_value(field, value, error) from None
            self.sink.ignored(field.path)
        for inner in field.fields.values():
            self._index(inner, value)
        if not copied:
            for target in field.copy_to:
                self._copy(target, value)

    def _copy(self, target: str, value: Any) -> None:
        found = self.mapping.field(target)
        if found is None:
            self._unknown(self.mapping.root, target, value)
            return
        nested = self.mapping.nested_path_of(target)
        with self.sink.inside(nested or ""):
            self._index(found, value, copied=True)

    @staticmethod
    def _ignores_malformed(field: FieldType, value: Any) -> bool:
        return (
            "ignore_malformed" in field.parameters
            and bool(field.option("ignore_malformed"))
            and not isinstance(value, dict)
        )

    def _unknown(self, mapper: ObjectMapper, name: str, value: Any) -> None:
        """Reads a name that the object does not have as it stands: a dotted path, or a new field."""
        parts = self._parts(name)
        head, rest = parts[0], parts[1:]
        child = mapper.children.get(head) if len(parts) > 1 or head != name else None
        if child is not None:
            self._child(child, _Expanded({".".join(rest): value}) if rest else value)
        elif not rest:
            self._learn(mapper, head, value)
        elif self._may_learn(mapper, head):
            path = f"{mapper.path}.{head}" if mapper.path else head
            self._add(path, None)
            self._object(ObjectMapper(path, inherited=mapper.inherited), _Expanded({".".join(rest): value}))

    def _parts(self, name: str) -> list[str]:
        """The parts of a dotted name; empty ones at its end do not count."""
        if name and name.strip() and "." not in name:
            return [name]
        where = self._errors.where_name()
        if not name:
            raise self._errors.failed(illegal_argument("field name cannot be an empty string"), where)
        if not name.strip():
            reason = f"[{where}] Field name cannot contain only whitespace: [{name}]"
            raise RestError(400, "document_parsing_exception", reason)
        parts = name.rstrip(".").split(".")
        if parts == [""]:
            raise self._errors.failed(illegal_argument("field name cannot contain only dots"), where)
        if any(not part.strip() for part in parts):
            raise self._errors.failed(illegal_argument(f"field name cannot contain only whitespace: ['{name}']"), where)
        return parts

    def _learn(self, mapper: ObjectMapper, name: str, value: Any) -> None:
        if not self._may_learn(mapper, name) or value is None or value == []:
            return
        path = f"{mapper.path}.{name}" if mapper.path else name
        if isinstance(value, list):
            if _is_vector(value):
                self._add(path, {"type": "dense_vector", "dims": len(value)})
                return
            for position, item in enumerate(value):
                self._keys.append(position)
                self._learn(mapper, name, item)
                self._keys.pop()
            return
        body = self.mapping.dynamic.body_for(path, value)
        self._add(path, body)
        if isinstance(value, dict) and (body is None or body.get("type") in ("object", "nested")):
            child = ObjectMapper(path, inherited=str((body or {}).get("dynamic", mapper.inherited)).lower())
            if (body or {}).get("enabled", True) is not False:
                self._object(child, value)

    def _may_learn(self, mapper: ObjectMapper, name: str) -> bool:
        if mapper.inherited == "strict":
            raise self._errors.strict(name, mapper.path or "_doc")
        return mapper.inherited == "true"

    def _add(self, path: str, body: dict[str, Any] | None) -> None:
        self.update.add(path, body)
        depth = path.count(".") + 2
        if (body is None or body["type"] in ("object", "nested")) and depth > self.mapping.limits.depth:
            raise self._errors.failed(depth_error(path, self.mapping.limits))
        added = self.update.count
        if self.mapping.count + added > self.mapping.limits.total_fields:
            raise self._errors.failed(
                illegal_argument(
                    f"Limit of total fields [{self.mapping.limits.total_fields}] has been exceeded while "
                    f"adding new fields [{added}]"
                )
            )


def _is_vector(values: list[Any]) -> bool:
    """Whether an array of an unknown field becomes a dense_vector."""
    if not SHORTEST_DYNAMIC_VECTOR <= len(values) <= LONGEST_DYNAMIC_VECTOR:
        return False
    kinds = {type(item) for item in values}
    return float in kinds and kinds <= {int, float}
