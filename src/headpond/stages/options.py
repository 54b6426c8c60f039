"""Reads the options of a stage from a pipeline file, with errors that name the line and the nearest valid name."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from headpond.errors import nearest
from headpond.registry import Registry
from headpond.stages.where import Problem, Where, Wrong

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def read(item: Any, registry: Registry[T], where: Where) -> tuple[str, type[T], Any]:
    """The name, class and checked options of one `{name: options}`.

    Args:
        item: the item of the list.
        registry: where names are looked up; its classes have a pydantic model `Spec`.
        where: the item's place.

    Raises:
        Wrong: the item is not of this form, the name is unknown, or options are wrong.
    """
    if not isinstance(item, Mapping) or len(item) != 1:
        raise where.error(f"a {registry.kind} is one name with its options, as in `set: {{field: ...}}`")
    name, options = next(iter(item.items()))
    place = where.at(name)
    if name not in registry:
        near = nearest(name, registry.names())
        meant = f", did you mean {near!r}?" if near else ""
        raise place.error(
            f"unknown {registry.kind} {name!r}{meant}", code="unknown-stage", hint=f"known: {', '.join(registry)}"
        )
    kind = registry.get(name)
    spec = validate(kind.Spec, {} if options is None else options, place)  # type: ignore[attr-defined]
    return name, kind, spec


def validate(model: type[M], options: Any, where: Where) -> M:
    """The checked options.

    Raises:
        Wrong: lists every problem.
    """
    if not isinstance(options, Mapping):
        raise where.error(f"options are key: value pairs, not {options!r}")
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        problems = [_problem(model, item, where) for item in error.errors(include_url=False)]
    raise Wrong(problems)


def _problem(model: type[BaseModel], item: Any, where: Where) -> Problem:
    place = where.at(*item["loc"])
    if item["type"] == "extra_forbidden":
        return _unknown(model, item["loc"], where)
    if item["type"] == "missing":
        return Problem(where.at(*item["loc"][:-1]), "missing-key", f"[{item['loc'][-1]}] is required")
    if item["type"] in ("dict_type", "model_type"):
        got = "empty" if item["input"] is None else f"{item['input']!r:.50}"
        return Problem(place, "invalid-value", f"{place.path} is {got}, it must be an object (key: value)")
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error" or not isinstance(item["input"], str | int | float | bool | None):
        return Problem(place, "invalid-value", f"{place.path}: {message}" if place.path else message)
    message = message[0].lower() + message[1:]
    return Problem(place, "invalid-value", f"{place.path} is {item['input']!r}: {message}")


def _unknown(model: type[BaseModel], loc: tuple[str | int, ...], where: Where) -> Problem:
    name = str(loc[-1])
    place = where.at(*loc)
    holder = _model_at(model, loc[:-1])
    refused: Mapping[str, str] = getattr(holder, "refused", {})
    if name in refused:
        return Problem(place, "unsupported-option", f"option [{name}] is not supported here: {refused[name]}")
    known = [field.alias or field_name for field_name, field in holder.model_fields.items()]
    near = nearest(name, known)
    meant = f", did you mean {near!r}?" if near else ""
    return Problem(place, "unknown-key", f"unknown key {name!r}{meant}", f"known: {', '.join(sorted(known))}")


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel]:
    for key in loc:
        if isinstance(key, int):
            continue
        for name, field in model.model_fields.items():
            if key in (name, field.alias):
                model = _inner_model(field.annotation) or model
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        if found := _inner_model(inner):
            return found
    return None
