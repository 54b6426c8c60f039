"""Checks the processors of a pipeline's query side against its mapping, its search and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from headpond import mappings
from headpond.errors import nearest
from headpond.pipeline.query import template
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.response.base import ResponseProcessor
from headpond.stages.where import Problem, Where, Wrong

_TEMPLATES = {"filter_query": "query", "template": "search"}
"""Request processors with placeholders, and the option that has them."""

_ORDERS = ("rerank", "diversify", "collapse", "sort")
"""Response processors that say which hits come first."""


def stage_errors(spec: PipelineSpec) -> Iterator[Problem]:
    """What keeps processors from working."""
    yield from _placeholders(spec)
    yield from _vectors(spec)


def stage_warnings(spec: PipelineSpec) -> Iterator[Problem]:
    """What may be a mistake: fields that nobody has, and processors in an order that undoes their work."""
    yield from _fields(spec)
    yield from _left_out(spec)
    yield from _order(spec)
    yield from _narrow(spec)


def _responses(spec: PipelineSpec) -> Iterator[tuple[str, Mapping[str, Any], ResponseProcessor[Any], Where]]:
    for index, (item, stage) in enumerate(zip(spec.file.response_processors, spec.response_processors, strict=True)):
        name, options = next(iter(item.items()))
        yield name, options or {}, stage, spec.where.at("response_processors", index, name)


def _placeholders(spec: PipelineSpec) -> Iterator[Problem]:
    for index, item in enumerate(spec.file.request_processors):
        name, options = next(iter(item.items()))
        if name not in _TEMPLATES:
            continue
        place = spec.where.at("request_processors", index, name)
        body = (options or {}).get(_TEMPLATES[name])
        if name == "template" and body is None and spec.file.search is None:
            yield Problem(place, "no-search", "template has nothing to fill: the pipeline has no `search`")
        for found, where in template.placeholders(body, place.at(_TEMPLATES[name])):
            error = template.unknown(found, where)
            if found not in template.NAMES and isinstance(error, Wrong):
                yield from error.problems


def _vectors(spec: PipelineSpec) -> Iterator[Problem]:
    """Fields that are to hold vectors and do not."""
    known = mappings.fields(dict(spec.mapping)) if spec.mapping else {}
    for name, _, stage, where in _responses(spec):
        for field in stage.vectors():
            kind = known.get(field, {}).get("type", "object")
            if field in known and kind != "dense_vector":
                message = f"field {field!r} is mapped as {kind}, {name} needs dense_vector"
                yield Problem(where, "wrong-field-type", message)
            elif any(known.get(above, {}).get("type") == "nested" for above in _above(field)):
                yield Problem(
                    where, "wrong-field-type", f"field {field!r} is in nested objects, where {name} finds no vector"
                )


def _above(field: str) -> list[str]:
    parts = field.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _fields(spec: PipelineSpec) -> Iterator[Problem]:
    """Fields that the mapping does not have, where that is not just a field that comes with the documents."""
    if spec.mapping is None:
        return
    known = mappings.fields(dict(spec.mapping))
    closed = str((spec.mapping.get("mappings") or {}).get("dynamic", True)).lower() in ("false", "strict")
    made: set[str] = set()
    renamed: dict[str, str] = {}
    for name, options, stage, where in _responses(spec):
        for field in stage.fields():
            if field in renamed:
                message = f"{name} reads {field!r}, which {renamed[field]} before it has renamed"
                yield Problem(where, "order", message, "put it before")
            elif field not in known and field not in made and not field.startswith("_"):
                near = nearest(field, known)
                if near is not None or closed:
                    meant = f", did you mean {near!r}?" if near else ""
                    yield Problem(
                        where, "missing-field", f"{name} reads {field!r}, the mapping has no such field{meant}"
                    )
        if isinstance(options.get("target_field"), str):
            made.add(options["target_field"])
        if name == "rename_field":
            renamed[options["field"]] = name


def _left_out(spec: PipelineSpec) -> Iterator[Problem]:
    """Fields that processors read and that the search leaves out of `_source`."""
    source = (spec.file.search or {}).get("_source", True)
    if isinstance(source, Mapping):
        includes, excludes = _listed(source.get("includes")), _listed(source.get("excludes"))
    else:
        includes, excludes = ([], ["*"]) if source is False else (_listed(None if source is True else source), [])
    made: set[str] = set()
    for name, options, stage, where in _responses(spec):
        for field in stage.fields():
            if field.startswith("_") or field in stage.vectors() or field in made:
                continue
            if (includes and not _matches(field, includes)) or _matches(field, excludes):
                message = f"{name} reads {field!r}, which the search leaves out of `_source`"
                yield Problem(where, "left-out", message)
        if isinstance(options.get("target_field"), str):
            made.add(options["target_field"])


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []  # the target says what is wrong with others


def _matches(field: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in (field, *_above(field)))


def _order(spec: PipelineSpec) -> Iterator[Problem]:
    """Processors that undo what one before them did, or come too early."""
    before: list[tuple[str, Mapping[str, Any]]] = []
    for name, options, stage, where in _responses(spec):
        orders = name in _ORDERS and not (name == "sort" and "by" not in options)
        for earlier, given in before:
            kept = given.get("target_size") if earlier == "truncate_hits" else given.get("top_n")
            if stage.window and (earlier == "truncate_hits" or kept is not None) and (kept or 0) < stage.window:
                shown = f"{kept} hits" if kept is not None else "one page of hits"
                message = f"{earlier} leaves {shown}, {name} behind it looks at {stage.window}"
                yield Problem(where, "order", message, f"put {name} before {earlier}")
            elif earlier in ("completion", "best_chunk") and orders:
                message = f"{earlier} stands before {name}, which says which hits come first"
                yield Problem(where, "order", message, f"put {name} before {earlier}")
            elif earlier == "sort" and "by" in given and name in ("rerank", "diversify"):
                message = f"{name} orders the hits anew, so that the order of {earlier} before it is lost"
                yield Problem(where, "order", message, f"put {name} before {earlier}")
        before.append((name, options))


def _narrow(spec: PipelineSpec) -> Iterator[Problem]:
    """A collapse that sees no more hits than a page has, so that the groups it leaves do not fill one."""
    if any("oversample" in item for item in spec.file.request_processors):
        return
    if any(stage.window for stage in spec.response_processors):
        return  # all processors see the hits that the widest of them wants
    for name, _, _, where in _responses(spec):
        if name == "collapse":
            message = "collapse sees as many hits as a page has, so that a page has few groups"
            yield Problem(
                where, "window", message, "look for more: request_processors: [oversample: {sample_factor: 3}]"
            )
