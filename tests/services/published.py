"""Schemas that vendors publish, and whether a value fits them; found beside the checkout, never part of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "specs"

needs_schemas = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the published schemas are not in {FOLDER}")

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


@cache
def document(name: str) -> Any:
    """An OpenAPI document."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def sent(name: str, path: str, method: str = "post") -> Any:
    """The schema of an operation's request body."""
    body = resolve(document(name), document(name)["paths"][path][method]["requestBody"])
    return body["content"]["application/json"]["schema"]


def answered(name: str, path: str, method: str = "post") -> Any:
    """The schema of an operation's good answer."""
    answer = resolve(document(name), document(name)["paths"][path][method]["responses"]["200"])
    return answer["content"]["application/json"]["schema"]


def resolve(root: Any, schema: Any) -> Any:
    """Follows a reference inside a document."""
    while isinstance(schema, dict) and "$ref" in schema:
        found = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        schema = found
    return schema


def misfits(root: Any, schema: Any, value: Any, where: str = "$") -> list[str]:
    """What of a value does not fit a schema: types, members, enumerations, lengths, combinations."""
    schema = resolve(root, schema)
    if schema is True or (value is None and schema.get("nullable")):
        return []
    found: list[str] = []
    wanted = schema.get("type")
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if wanted and not any(isinstance(value, _TYPES[kind]) and _not_bool(value, kind) for kind in wanted):
        return [f"{where}: {value!r} is no {' or '.join(wanted)}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    for part in schema.get("allOf", ()):
        found += misfits(root, part, value, where)
    for name in ("anyOf", "oneOf"):
        tried = [misfits(root, part, value, where) for part in schema.get(name, ())]
        if tried and all(tried):
            found.append(f"{where}: fits none of {name}: {tried}")
    if isinstance(value, dict):
        found += _object(root, schema, value, where)
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{where}: {len(value)} items")
        for index, item in enumerate(value):
            found += misfits(root, schema.get("items", True), item, f"{where}[{index}]")
    return found


def _object(root: Any, schema: Any, value: dict[str, Any], where: str) -> list[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    # One of Cohere's schemas requires a member that it does not define and that no answer has.
    required = [name for name in schema.get("required", ()) if name in known]
    found = [f"{where}: lacks {name}" for name in required if name not in value]
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        found.append(f"{where}: {len(value)} members")
    for name, item in value.items():
        if name in known:
            found += misfits(root, known[name], item, f"{where}.{name}")
        elif others is False:
            found.append(f"{where}: unknown member {name}")
        elif others is not True:
            found += misfits(root, others, item, f"{where}.{name}")
    return found


def _not_bool(value: Any, kind: str) -> bool:
    return kind not in ("integer", "number") or not isinstance(value, bool)
