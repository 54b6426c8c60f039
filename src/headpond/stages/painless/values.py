"""What Painless does with values of unknown type (`def`): members, methods, comparisons; errors have Java's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.stages import java

Method = Callable[..., Any]


def error(kind: str, reason: str) -> RestError:
    """A Java exception inside a condition, as `null_pointer_exception`."""
    return RestError(400, kind, reason)


def member(value: Any, name: str) -> Any:
    """`value.name`: a key of an object, a place or the length of a list."""
    if isinstance(value, Mapping):
        return value.get(name)
    if value is None:
        raise error("null_pointer_exception", f"cannot access method/field [{name}] from a null def reference")
    if isinstance(value, list):
        if name == "length":
            return len(value)
        if name.isdecimal():
            return item(value, int(name))
    raise error("illegal_argument_exception", f"dynamic getter [{java.type_name(value)}, {name}] not found")


def item(value: Any, key: Any) -> Any:
    """`value[key]`."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        place = key + len(value) if key < 0 else key
        if 0 <= place < len(value):
            return value[place]
        raise error("index_out_of_bounds_exception", f"Index {place} out of bounds for length {len(value)}")
    if value is None:
        raise error("null_pointer_exception", "cannot access a place of a null def reference")
    raise error("illegal_argument_exception", f"Attempting to address a non-array type [{java.type_name(value)}]")


def call(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    """`value.name(arguments)`."""
    if value is None:
        raise error("null_pointer_exception", f"cannot access method/field [{name}] from a null def reference")
    methods = next(found for kind, found in _METHODS if isinstance(value, kind))
    method = methods.get((name, len(arguments))) or _OF_ALL.get((name, len(arguments)))
    if method is None:
        kind = java.type_name(value)
        raise error("illegal_argument_exception", f"dynamic method [{kind}, {name}/{len(arguments)}] not found")
    try:
        return method(value, *arguments)
    except (TypeError, AttributeError):
        given = ", ".join(java.type_name(argument) for argument in arguments)
        raise error("class_cast_exception", f"[{name}] does not take arguments of type [{given}]") from None


def equal(left: Any, right: Any) -> bool:
    """`==`: numbers by their value, anything else by type and value.

    Lists and objects are seen through wrappers that are made anew each time, so no one equals another.
    """
    if is_number(left) and is_number(right):
        return bool(left == right)
    return not isinstance(left, list | Mapping) and equal_objects(left, right)


def number(text: str) -> int | float:
    """The value of a literal: `1`, `1L`, `1.5`, `1f`, `1e3`.

    Raises:
        ValueError: a whole number needs an `L` behind it.
    """
    digits = text.rstrip("lLfFdD")
    if not digits.isdecimal() or text[-1] in "fFdD":
        return float(np.float32(digits)) if text[-1] in "fF" else float(digits)
    if int(digits) > _LARGEST_INT and text[-1] not in "lL":
        raise ValueError(f"{text} is no int; a long is written {text}L")
    return int(digits)


def equal_objects(left: Any, right: Any) -> bool:
    """`equals()`: numbers of two types are never equal."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return dict(left) == dict(right)
    return type(left) is type(right) and bool(left == right)


def ordered(operator: str, left: Any, right: Any) -> bool:
    """`<`, `<=`, `>`, `>=` of numbers."""
    if left is None or right is None:
        raise error("null_pointer_exception", f"cannot apply [{operator}] to null")
    if not (is_number(left) and is_number(right)):
        types = f"types [{java.type_name(left)}] and [{java.type_name(right)}]"
        raise error("class_cast_exception", f"Cannot apply [{operator}] operation to {types}")
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def truth(value: Any) -> bool:
    """A value where a boolean is needed; anything else is an error, as in Java."""
    if isinstance(value, bool):
        return value
    if value is None:
        raise error("null_pointer_exception", "a boolean is needed, and the value is null; compare it: [... == true]")
    kind = java.type_name(value)
    raise error("class_cast_exception", f"class {kind} cannot be cast to class java.lang.Boolean")


def is_number(value: Any) -> bool:
    """Whether it is a number; booleans are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "Boolean": lambda value: isinstance(value, bool),
    "Collection": lambda value: isinstance(value, list),
    "Double": lambda value: isinstance(value, float),
    "Float": lambda value: False,
    "Integer": lambda value: java.type_name(value) == "java.lang.Integer",
    "List": lambda value: isinstance(value, list),
    "Long": lambda value: java.type_name(value) == "java.lang.Long",
    "Map": lambda value: isinstance(value, Mapping),
    "Number": is_number,
    "Object": lambda value: value is not None,
    "String": lambda value: isinstance(value, str),
}
"""What `instanceof` knows. A number of a document with a point is a Double, never a Float."""
_LARGEST_INT = (1 << 31) - 1


def _substring(value: str, start: int, end: int | None = None) -> str:
    last = len(value) if end is None else end
    if not 0 <= start <= last <= len(value):
        reason = f"begin {start}, end {last}, length {len(value)}"
        raise error("string_index_out_of_bounds_exception", reason)
    return value[start:last]


def _contains(values: Sequence[Any], wanted: Any) -> bool:
    return any(equal_objects(value, wanted) for value in values)


def _place(values: Sequence[Any], wanted: Any) -> int:
    return next((at for at, value in enumerate(values) if equal_objects(value, wanted)), -1)


def _compared(value: Any, other: Any) -> int:
    return int(value > other) - int(value < other)


_TEXT: dict[tuple[str, int], Method] = {
    ("compareTo", 1): _compared,
    ("concat", 1): lambda value, other: value + other,
    ("contains", 1): lambda value, part: part in value,
    ("endsWith", 1): lambda value, part: value.endswith(part),
    ("equalsIgnoreCase", 1): lambda value, other: other is not None and value.lower() == other.lower(),
    ("indexOf", 1): lambda value, part: value.find(part),
    ("isBlank", 0): lambda value: not value.strip(),
    ("isEmpty", 0): lambda value: not value,
    ("lastIndexOf", 1): lambda value, part: value.rfind(part),
    ("length", 0): len,
    ("replace", 2): lambda value, old, new: value.replace(old, new),
    ("splitOnToken", 1): lambda value, token: value.split(token),
    ("startsWith", 1): lambda value, part: value.startswith(part),
    ("substring", 1): _substring,
    ("substring", 2): _substring,
    ("toLowerCase", 0): str.lower,
    ("toUpperCase", 0): str.upper,
    ("trim", 0): lambda value: value.strip(java.BLANKS),
}
_LIST: dict[tuple[str, int], Method] = {
    ("contains", 1): _contains,
    ("containsAll", 1): lambda value, others: all(_contains(value, other) for other in others),
    ("get", 1): item,
    ("getLength", 0): len,
    ("indexOf", 1): _place,
    ("isEmpty", 0): lambda value: not value,
    ("size", 0): len,
}
_OBJECT: dict[tuple[str, int], Method] = {
    ("containsKey", 1): lambda value, key: key in value,
    ("containsValue", 1): lambda value, wanted: _contains(list(value.values()), wanted),
    ("get", 1): lambda value, key: value.get(key),
    ("getOrDefault", 2): lambda value, key, default: value.get(key, default),
    ("isEmpty", 0): lambda value: not value,
    ("keySet", 0): list,
    ("size", 0): len,
    ("values", 0): lambda value: list(value.values()),
}
_NUMBER: dict[tuple[str, int], Method] = {
    ("compareTo", 1): _compared,
    ("doubleValue", 0): float,
    ("intValue", 0): int,
    ("longValue", 0): int,
}
_OF_ALL: dict[tuple[str, int], Method] = {("equals", 1): equal_objects, ("toString", 0): java.text}
_METHODS: tuple[tuple[Any, dict[tuple[str, int], Method]], ...] = (
    (str, _TEXT), (list, _LIST), (Mapping, _OBJECT), (bool, {("booleanValue", 0): bool}), (object, _NUMBER),
)  # fmt: skip

METHOD_NAMES = frozenset(name for methods in (*(found for _, found in _METHODS), _OF_ALL) for name, _ in methods)
"""Every method that some type has."""
