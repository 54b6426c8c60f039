"""Reads the options of a stage, with errors that name the line and the nearest valid name, and a node's error too."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from headpond.errors import RestError, nearest
from headpond.stages import java
from headpond.stages.where import Problem, Where, Wrong

M = TypeVar("M", bound=BaseModel)
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Names(Protocol[T_co]):
    """Where the classes of stages are looked up; each has a pydantic model `Spec`."""

    kind: str

    def names(self) -> list[str]:
        """All names."""

    def __contains__(self, name: object) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...

    def get(self, name: str) -> type[T_co]:
        """The class of a stage."""


def read(item: Any, known: Names[T], where: Where) -> tuple[str, type[T], Any]:
    """The name, class and checked options of one `{name: options}`.

    Args:
        item: the item of the list.
        known: where names are looked up.
        where: the item's place.

    Raises:
        Wrong: the item is not of this form, the name is unknown, or options are wrong.
    """
    if not isinstance(item, Mapping) or len(item) != 1:
        raise where.error(f"a {known.kind} is one name with its options, as in `set: {{field: ...}}`")
    name, options = next(iter(item.items()))
    place = where.at(name)
    tag = options.get("tag") if isinstance(options, Mapping) else None
    if name not in known:
        raise Wrong([_unknown_stage(name, tag, known, place)])
    kind = known.get(name)
    model: type[BaseModel] = kind.Spec  # type: ignore[attr-defined]  # every class of a registry of stages has one
    if options is not None and not isinstance(options, Mapping):
        reason = f"property isn't a map, but of type [{java.type_name(options)}]"
        answer = parse_exception(reason, processor=name)
        raise Wrong([Problem(place, "invalid", f"options are key: value pairs, not {options!r}", answer=answer)])
    return name, kind, validate(model, options or {}, place, processor=name, tag=tag)


def validate(
    model: type[M],
    options: Any,
    where: Where,
    *,
    processor: str | None = None,
    tag: Any = None,
    pipeline: str | None = None,
) -> M:
    """The checked options; one that is null counts as not given.

    Args:
        model: the options that there are.
        options: those that are given.
        where: their place.
        processor: the name of the processor whose options they are, for a node's error.
        tag: its tag, likewise.
        pipeline: the id of the pipeline whose options they are, likewise.

    Raises:
        Wrong: lists every problem.
    """
    if not isinstance(options, Mapping):
        raise where.error(f"options are key: value pairs, not {options!r}")
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        items = error.errors(include_url=False)
    unknown = [str(item["loc"][0]) for item in items if item["type"] == "extra_forbidden" and len(item["loc"]) == 1]
    problems = []
    for item in items:
        answer = None
        if processor is not None or pipeline is not None:
            answer = _answer(item, unknown, processor, tag if isinstance(tag, str) else None, pipeline)
        problems.append(_problem(model, item, where, answer))
    raise Wrong(_once(problems))


def _once(problems: list[Problem]) -> list[Problem]:
    """Without missing options where one that is not valid stands in their place; a node still says what is missing."""
    instead = {problem.where.keys[:-1]: problem for problem in problems if problem.code in _IN_PLACE}
    kept = []
    for problem in problems:
        other = instead.get(problem.where.keys)
        if problem.code != "missing-key" or other is None or not _replaces(other, problem):
            kept.append(problem)
        elif problem.answer is not None:
            at = problems.index(other)
            problems[at] = replace(other, answer=problem.answer)
    return kept


_IN_PLACE = ("unknown-key", "unsupported-option")


def _replaces(other: Problem, missing: Problem) -> bool:
    name = missing.message.partition("]")[0].removeprefix("[")
    return other.code == "unsupported-option" or other.message.endswith(f"did you mean {name!r}?")


def parse_exception(
    reason: str, *, processor: str | None = None, tag: str | None = None, option: str | None = None
) -> RestError:
    """Elasticsearch's error for a pipeline that cannot be read: `[field] required property is missing`."""
    extra = {"processor_type": processor, "processor_tag": tag, "property_name": option}
    return RestError(
        400,
        "parse_exception",
        f"[{option}] {reason}" if option is not None else reason,
        extra={key: value for key, value in sorted(extra.items()) if value is not None},
    )


def _unknown_stage(name: Any, tag: Any, known: Names[Any], place: Where) -> Problem:
    answer = parse_exception(f"No processor type exists with name [{name}]", processor=str(name), tag=tag)
    missing: Mapping[str, str] = getattr(known, "missing", {})
    if name in missing:
        instead = f"; {missing[name]}" if missing[name] else ""
        text = f"the {known.kind} {name!r} of Elasticsearch is not supported here{instead}"
        reason = f"the ingest processor [{name}] is not supported by headpond{instead}"
        answer = RestError(501, "not_implemented_exception", reason)
        return Problem(place, "unsupported-stage", text, f"supported: {', '.join(known)}", answer)
    near = nearest(str(name), known.names())
    meant = f", did you mean {near!r}?" if near else ""
    text = f"unknown {known.kind} {name!r}{meant}"
    return Problem(place, "unknown-stage", text, f"known: {', '.join(known)}", answer)


def _problem(model: type[BaseModel], item: Any, where: Where, answer: RestError | None) -> Problem:
    place = where.at(*item["loc"])
    if item["type"] == "extra_forbidden":
        return _unknown(model, item["loc"], where, answer)
    if item["type"] == "missing":
        text = f"[{item['loc'][-1]}] is required"
        return Problem(where.at(*item["loc"][:-1]), "missing-key", text, answer=answer)
    if item["type"] == "option":
        name, reason = item["ctx"]["property"], item["ctx"]["reason"]
        return Problem(where.at(*item["loc"], name), "invalid-value", f"[{name}] {reason}", answer=answer)
    if item["type"] in ("dict_type", "model_type"):
        got = "empty" if item["input"] is None else f"{item['input']!r:.50}"
        text = f"{place.path} is {got}, it must be an object (key: value)"
        return Problem(place, "invalid-value", text, answer=answer)
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error" or not isinstance(item["input"], str | int | float | bool | None):
        text = f"{place.path}: {message}" if place.path else message
        return Problem(place, "invalid-value", text, answer=answer)
    text = f"{place.path} is {item['input']!r}: {message[0].lower()}{message[1:]}"
    return Problem(place, "invalid-value", text, answer=answer)


_KINDS = {
    "string_type": "a string", "bool_type": "a boolean", "list_type": "a list", "dict_type": "a map",
    "model_type": "a map",
}  # fmt: skip


def _answer(item: Any, unknown: list[str], processor: str | None, tag: str | None, pipeline: str | None) -> RestError:
    """A problem as a node says it."""
    option = str(item["loc"][0]) if item["loc"] else None
    if item["type"] == "extra_forbidden":
        listed = ", ".join(unknown) or ".".join(map(str, item["loc"]))
        owner = f"processor [{processor}]" if processor is not None else f"pipeline [{pipeline}]"
        reason = f"{owner} doesn't support one or more provided configuration parameters [{listed}]"
        return parse_exception(reason, processor=processor, tag=tag)
    if item["type"] == "missing":
        reason = "required property is missing"
    elif item["type"] == "option":
        option, reason = item["ctx"]["property"], item["ctx"]["reason"]
    elif item["type"] in _KINDS:
        reason = f"property isn't {_KINDS[item['type']]}, but of type [{java.type_name(item['input'])}]"
    elif item["type"] == "int_type":
        reason = f"property cannot be converted to an int [{java.text(item['input'])}]"
    elif processor is None and item["type"] == "value_error":
        reason = item["msg"].removeprefix("Value error, ")
        return parse_exception(f"pipeline [{pipeline}] {reason} for parameter [{option}]")
    else:
        reason = item["msg"].removeprefix("Value error, ")
    return parse_exception(reason, processor=processor, tag=tag, option=option)


def _unknown(model: type[BaseModel], loc: tuple[str | int, ...], where: Where, answer: RestError | None) -> Problem:
    name = str(loc[-1])
    place = where.at(*loc)
    holder = _model_at(model, loc[:-1])
    refused: Mapping[str, str] = getattr(holder, "refused", {})
    if name in refused:
        text = f"option [{name}] is not supported here: {refused[name]}"
        if answer is not None:
            processor = answer.extra["processor_type"]
            reason = f"the option [{name}] of the ingest processor [{processor}] is not supported by headpond"
            answer = RestError(501, "not_implemented_exception", f"{reason}: {refused[name]}")
        return Problem(place, "unsupported-option", text, answer=answer)
    known = [field.alias or field_name for field_name, field in holder.model_fields.items()]
    near = nearest(name, known)
    meant = f", did you mean {near!r}?" if near else ""
    return Problem(place, "unknown-key", f"unknown key {name!r}{meant}", f"known: {', '.join(sorted(known))}", answer)


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
