"""Reads a mapping's body (`{"properties": ...}`) into its tree of fields and objects."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import FieldType, mapper_parsing
from headpond.node.mapping.missing import FIELD_TYPES
from headpond.node.mapping.tree import NESTED_OPTIONS, OBJECT_OPTIONS, Alias, ObjectMapper
from headpond.registry import Registry

TYPES: Registry[FieldType] = Registry("field type", "headpond.node.mapping.types", FieldType)  # type: ignore[type-abstract]


def read_object(path: str, body: MappingType[str, Any], analysis: Analysis) -> ObjectMapper:
    """An object with everything below it.

    Raises:
        RestError: 400, the body does not say a valid mapping; 501, it names a type that headpond does not have.
    """
    nested = body.get("type") == "nested"
    name = path.rpartition(".")[2]
    known = NESTED_OPTIONS if nested else OBJECT_OPTIONS
    if path:
        refuse_unknown(body, known, f"Mapping definition for [{name}]")
    for option in ("include_in_parent", "include_in_root"):
        if nested and body.get(option) in (True, "true"):
            raise _not_here(f"the [nested] option [{option}] of [{path}]")
    if body.get("subobjects", True) not in (True, "true", "enabled"):
        raise _not_here(f"the object option [subobjects: {body['subobjects']}] of [{path or '_doc'}]")
    mapper = ObjectMapper(
        path, nested, read_dynamic(body.get("dynamic")), body.get("enabled", True) not in (False, "false")
    )
    properties = body.get("properties") or {}
    if not isinstance(properties, MappingType):
        raise RestError(400, "parse_exception", "properties must be a map type")
    for child, inner in properties.items():
        _add(mapper, child, inner, analysis)
    return mapper


def _add(mapper: ObjectMapper, name: str, body: Any, analysis: Analysis) -> None:
    if not name:
        raise illegal_argument("field name cannot be an empty string")
    if not name.strip() or any(not part.strip() for part in name.split(".")):
        raise illegal_argument(f"field name cannot contain only whitespace: ['{name}']")
    if not isinstance(body, MappingType):
        kind = "java.util.ArrayList" if isinstance(body, list) else "java.lang.String"
        raise mapper_parsing(f"Expected map for property [fields] on field [{name}] but got a class {kind}")
    head, dot, rest = name.partition(".")
    path = f"{mapper.path}.{head}" if mapper.path else head
    if dot:
        inner = mapper.children.setdefault(head, ObjectMapper(path))
        if not isinstance(inner, ObjectMapper):
            raise illegal_argument(f"can't merge a non object mapping [{path}] with an object mapping")
        _add(inner, rest, body, analysis)
        return
    mapper.children[head] = _read(path, body, analysis)


def _read(path: str, body: MappingType[str, Any], analysis: Analysis) -> FieldType | ObjectMapper | Alias:
    kind = body.get("type")
    name = path.rpartition(".")[2]
    if kind is None:
        if "properties" not in body and list(body) != ["enabled"]:
            raise mapper_parsing(f"No type specified for field [{name}]")
        return read_object(path, body, analysis)
    if kind in ("object", "nested"):
        return read_object(path, body, analysis)
    if kind == "alias":
        if not isinstance(body.get("path"), str):
            raise mapper_parsing(f"The [path] property must be specified for field [{name}].")
        refuse_unknown(body, frozenset({"type", "path"}), f"Mapping definition for [{name}]")
        return Alias(path, body["path"])
    return read_field(path, body, analysis)


def read_field(path: str, body: MappingType[str, Any], analysis: Analysis, *, inside: bool = False) -> FieldType:
    """One field with its multi-fields.

    Args:
        path: full dotted path.
        body: its options.
        analysis: the analyzers of the index.
        inside: whether it is a multi-field itself.
    """
    name, kind = path.rpartition(".")[2], body.get("type")
    if kind is None:
        raise mapper_parsing(
            f"no type specified for property [{name}]" if inside else f"No type specified for field [{name}]"
        )
    if kind in ("object", "nested", "alias"):
        raise mapper_parsing(f"Type [{kind}] cannot be used in multi field")
    if not isinstance(kind, str) or kind not in TYPES:
        if kind in FIELD_TYPES:
            raise _not_here(
                f"the field type [{kind}] of [{path}]", f"; it has {', '.join(TYPES.names())}, object, nested, alias"
            )
        raise mapper_parsing(
            f"The mapper type [{kind}] declared on field [{name}] does not exist. It might have been created within a "
            "future version or requires a plugin to be installed. Check the documentation."
        )
    options = {key: value for key, value in body.items() if key not in ("type", "fields", "copy_to")}
    mapper = TYPES.get(kind)(path, options, analysis)
    if inside and ("copy_to" in body or "fields" in body):
        what = "field [copy_to] in" if "copy_to" in body else "multi-field"
        if "fields" in body:
            raise illegal_argument(
                f"Encountered a multi-field [{name}] which itself contains a multi-field. Defining chained "
                "multi-fields "
                "is not supported."
            )
        raise mapper_parsing(f"copy_to in multi fields is not allowed. Found the copy_to in {what} field [{name}]")
    if inside and mapper.whole_arrays:
        raise mapper_parsing(f"Field [{name}] of type [{kind}] can't be used in multifields")
    for inner, inner_body in (body.get("fields") or {}).items():
        mapper.fields[inner] = read_field(f"{path}.{inner}", inner_body, analysis, inside=True)
    targets = body.get("copy_to") or []
    mapper.copy_to = [targets] if isinstance(targets, str) else list(targets)
    return mapper


def read_dynamic(value: Any) -> str | None:
    """The option `dynamic`."""
    if value is None:
        return None
    text = str(value).lower()
    if text in ("true", "false", "strict"):
        return text
    if text == "runtime":
        raise _not_here("[dynamic: runtime]")
    cause = illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
    reason = "Could not convert [dynamic.dynamic] to boolean"
    raise RestError(400, "illegal_argument_exception", reason, caused_by=cause)


def refuse_unknown(body: MappingType[str, Any], known: frozenset[str], start: str) -> None:
    """A 400 that lists what is not known in a body, as Elasticsearch words it."""
    unknown = sorted(set(body) - known)
    if unknown:
        listed = " ".join(f"[{name} : {body[name]}]" for name in unknown)
        raise mapper_parsing(f"{start} has unsupported parameters:  {listed}")


def _not_here(what: str, more: str = "") -> RestError:
    return RestError(501, "not_implemented_exception", f"{what} is not supported by headpond{more}")
