"""The mapping of one index: which fields there are and how they are indexed. It never changes; it is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from fnmatch import fnmatchcase
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import FieldType, mapper_parsing
from headpond.node.mapping.dynamic import Dynamic
from headpond.node.mapping.limits import NONE, Limits, depth_error
from headpond.node.mapping.merge import merge_bodies
from headpond.node.mapping.reader import read_object, refuse_unknown
from headpond.node.mapping.tree import Alias, ObjectMapper

ROOT_OPTIONS = frozenset(
    {
        "_data_stream_timestamp",
        "_doc_count",
        "_field_names",
        "_meta",
        "_routing",
        "_source",
        "date_detection",
        "dynamic",
        "dynamic_date_formats",
        "dynamic_templates",
        "enabled",
        "numeric_detection",
        "properties",
        "runtime",
        "subobjects",
    }
)
META_FIELDS = frozenset(
    {"_doc_count", "_field_names", "_id", "_ignored", "_index", "_nested_path", "_routing", "_seq_no", "_source",
     "_tier", "_type", "_version", "_feature", "_data_stream_timestamp", "_ignored_source", "_inference_fields"}
)  # fmt: skip


class Mapping:
    """The fields of one index.

    Args:
        body: the mapping as `PUT _mapping` takes it.
        analysis: the analyzers of the index.
        limits: how large it may grow.

    Attributes:
        root: the tree.
        dynamic: how unknown fields become mappings.
        body: the body this was made from.
        source_includes: patterns of what `_source` shows; empty for everything.
        source_excludes: patterns of what `_source` hides.

    Raises:
        RestError: 400, the body is not a valid mapping; 501, it wants what headpond does not have.
    """

    def __init__(self, body: MappingType[str, Any], analysis: Analysis, limits: Limits = NONE) -> None:
        self.body = dict(body)
        self._analysis = analysis
        self.limits = limits
        try:
            refuse_unknown(body, ROOT_OPTIONS, "Root mapping definition")
            self._refuse_missing()
            self.root: ObjectMapper = read_object("", body, analysis)
            self.dynamic = Dynamic(body)
        except RestError as error:
            raise _wrapped(error) from None
        self._fields: dict[str, FieldType] = {}
        self._objects: dict[str, ObjectMapper] = {}
        aliases: list[Alias] = []
        self._collect(self.root, self.root.dynamic or "true", aliases)
        self.count = len(self._fields) + len(self._objects) + len(aliases)
        self._check_limits()
        self._aliases = {alias.path: self._resolved(alias) for alias in aliases}
        if found := META_FIELDS & self.root.children.keys():
            raise mapper_parsing(f"Field [{min(found)}] is defined more than once")
        source = self.body.get("_source") or {}
        self.source_includes: tuple[str, ...] = tuple(source.get("includes") or ())
        self.source_excludes: tuple[str, ...] = tuple(source.get("excludes") or ())

    def _refuse_missing(self) -> None:
        source = self.body.get("_source") or {}
        if source.get("enabled", True) not in (True, "true") or source.get("mode", "stored") != "stored":
            raise _missing("a disabled or synthetic [_source]")
        if self.body.get("runtime"):
            raise _missing("[runtime] fields")
        if (self.body.get("_routing") or {}).get("required") in (True, "true"):
            raise _missing("[_routing.required]")

    def _collect(self, mapper: ObjectMapper, dynamic: str, aliases: list[Alias]) -> None:
        mapper.inherited = dynamic
        for child in mapper.children.values():
            if isinstance(child, ObjectMapper):
                self._objects[child.path] = child
                self._collect(child, child.dynamic or dynamic, aliases)
            elif isinstance(child, Alias):
                aliases.append(child)
            else:
                self._fields[child.path] = child
                for inner in child.fields.values():
                    self._fields[inner.path] = inner

    def _resolved(self, alias: Alias) -> FieldType:
        found = self._fields.get(alias.target)
        if found is None:
            raise mapper_parsing(
                f"Invalid [path] value [{alias.target}] for field alias [{alias.path}]: an alias must refer "
                "to an existing "
                "field in the mappings."
            )
        return found

    def field(self, path: str) -> FieldType | None:
        """The field of a full path; a multi-field by `title.keyword`, an alias gives the field it stands for."""
        return self._fields.get(path) or self._aliases.get(path)

    def object(self, path: str) -> ObjectMapper | None:
        """The object of a full path."""
        return self._objects.get(path)

    def __iter__(self) -> Iterator[FieldType]:
        """All fields, multi-fields included, sorted by path."""
        return iter([self._fields[path] for path in sorted(self._fields)])

    def fields_matching(self, pattern: str) -> list[FieldType]:
        """The fields whose path matches a pattern with `*`, sorted by path; a plain path gives one or none."""
        if "*" not in pattern:
            found = self.field(pattern)
            return [found] if found else []
        return [field for field in self if fnmatchcase(field.path, pattern.replace("[", "[[]"))]

    def nested_path_of(self, path: str) -> str | None:
        """The path of the innermost nested object that holds the field, or is the path itself; None at the root."""
        while path:
            found = self._objects.get(path)
            if found is not None and found.nested:
                return path
            path = path.rpartition(".")[0]
        return None

    def described(self) -> dict[str, Any]:
        """The mapping for `GET _mapping`: options that differ from the defaults, fields in order of their names."""
        kept = ("_meta", "_source", "date_detection", "dynamic_date_formats", "dynamic_templates", "numeric_detection")
        answer: dict[str, Any] = {}
        if self.root.dynamic is not None:
            answer["dynamic"] = self.root.dynamic
        answer |= {name: self.body[name] for name in kept if self.body.get(name) not in (None, {}, [])}
        return answer | {k: v for k, v in self.root.described().items() if k == "properties"}

    def merged(self, update: MappingType[str, Any]) -> Mapping:
        """This mapping with another merged into it.

        Raises:
            RestError: 400, the update is not valid or changes what cannot change.
        """
        if not update:
            return self
        wanted = Mapping(update, self._analysis)
        return Mapping(merge_bodies(self, wanted), self._analysis, self.limits)

    def _check_limits(self) -> None:
        limits = self.limits
        if self.count > limits.total_fields:
            raise illegal_argument(f"Limit of total fields [{limits.total_fields}] has been exceeded")
        for path in self._objects:
            if path.count(".") + 2 > limits.depth:
                raise depth_error(path, limits)
        if sum(found.nested for found in self._objects.values()) > limits.nested_fields:
            raise illegal_argument(f"Limit of nested fields [{limits.nested_fields}] has been exceeded")


def _missing(what: str) -> RestError:
    return RestError(501, "not_implemented_exception", f"{what} is not supported by headpond")


def _wrapped(error: RestError) -> RestError:
    if error.status != 400 or error.reason.startswith("Failed to parse mapping"):
        return error
    return RestError(400, "mapper_parsing_exception", f"Failed to parse mapping: {error.reason}", caused_by=error)
