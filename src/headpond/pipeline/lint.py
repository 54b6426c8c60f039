"""Checks a pipeline without a target: everything that can be seen to be wrong in its file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from headpond import mappings
from headpond.errors import HeadpondError, PipelineError, nearest
from headpond.pipeline import environment
from headpond.pipeline.endpoint_settings import Judge, settings_findings
from headpond.pipeline.find import find
from headpond.pipeline.lint_stages import stage_errors, stage_warnings
from headpond.pipeline.load import load
from headpond.pipeline.query import template
from headpond.pipeline.query.retrieve.parse import parse
from headpond.pipeline.query.retrieve.tree import Fusion, is_compound, nodes
from headpond.pipeline.query.template import render
from headpond.pipeline.references import endpoint_ids, references
from headpond.pipeline.spec import PipelineSpec
from headpond.ranking import ELASTICSEARCH_NORMALIZERS
from headpond.stages.where import Problem, Where, Wrong

Level = Literal["error", "warning"]
_NEEDED_TYPE = {"text_embedding": "dense_vector", "sparse_embedding": "sparse_vector"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that lint found.

    Attributes:
        level: an `error` keeps the pipeline from working; a `warning` may.
        code: a short name of the kind, as in `unknown-key`.
        where: `file:line`.
        message: what is wrong.
        hint: what to do; None when the message says it.
    """

    level: Level
    code: str
    where: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{self.where}: {self.level}: {self.message} [{self.code}]{hint}"


def lint(name_or_path: str | Path, *, judge: Judge | None = None) -> list[Finding]:
    """Everything wrong with a pipeline file, in the order of its lines; empty when nothing is.

    Args:
        name_or_path: the pipeline.
        judge: reads the settings of endpoints as their services do; without it they are not looked at.

    Raises:
        InputError: there is no such pipeline.
    """
    path = find(name_or_path)
    try:
        spec = load(path)
    except Wrong as error:
        return [_finding("error", problem) for problem in error.problems]
    except PipelineError as error:
        where, _, message = error.message.partition(": ") if error.where else (str(path), "", error.message)
        return [Finding("error", "yaml", error.where or where, message, error.hint)]
    return check(spec, judge=judge)


def check(spec: PipelineSpec, *, judge: Judge | None = None) -> list[Finding]:
    """Everything wrong with a pipeline that could be loaded; see `lint`."""
    errors = [*_endpoints(spec), *_prices(spec), *_vector_fields(spec), *_search(spec), *stage_errors(spec)]
    warnings = [*_unused(spec), *_environment(spec), *_windows(spec), *_normalizers(spec), *stage_warnings(spec)]
    found: list[tuple[Problem, Level]] = [(problem, "error") for problem in errors]
    found += [(problem, "warning") for problem in warnings]
    found += settings_findings(spec, judge) if judge is not None else ()
    found.sort(key=lambda pair: pair[0].where.line or 0)
    return [_finding(level, problem) for problem, level in found]


def _finding(level: Level, problem: Problem) -> Finding:
    return Finding(level, problem.code, str(problem.where), problem.message, problem.hint)


def _endpoints(spec: PipelineSpec) -> Iterator[Problem]:
    """Names of endpoints that are not declared, and places that need another task type."""
    declared = spec.file.endpoints
    for reference in references(spec.file, spec.where):
        name = reference.inference_id
        if name not in declared:
            # Ids that begin with a dot are built in, on the pond as on Elasticsearch.
            if not name.startswith("."):
                near = nearest(name, declared)
                meant = f", did you mean {near!r}?" if near else ""
                hint = f"declared: {', '.join(sorted(declared)) or '(none)'}"
                yield Problem(reference.where, "undeclared-endpoint", f"endpoint {name!r} is not declared{meant}", hint)
        elif declared[name].task_type not in reference.task_types:
            needed = " or ".join(sorted(reference.task_types))
            message = f"endpoint {name!r} does {declared[name].task_type}, here it must do {needed}"
            yield Problem(reference.where, "wrong-task-type", message)


def _prices(spec: PipelineSpec) -> Iterator[Problem]:
    """Prices of endpoints that are not there, and prices that cannot be added up."""
    known = {*spec.file.endpoints, *endpoint_ids(spec)}
    first: str | None = None
    for name, price in spec.file.prices.items():
        where = spec.where.at("prices", name)
        if name not in known:
            near = nearest(name, known)
            meant = f", did you mean {near!r}?" if near else ""
            yield Problem(where, "undeclared-endpoint", f"there is no endpoint {name!r} to have a price{meant}")
        first = first or price.currency
        if price.currency != first:
            message = f"the price is in {price.currency}, the first one in {first}: they cannot be added up"
            yield Problem(where, "mixed-currencies", message, "give all prices in one currency")


def _unused(spec: PipelineSpec) -> Iterator[Problem]:
    used = {*endpoint_ids(spec), *_semantic(spec.mapping)}
    for name in spec.file.endpoints:
        if name not in used:
            yield Problem(spec.where.at("endpoints", name), "unused-endpoint", f"endpoint {name!r} is not used")


def _semantic(mapping: Any) -> set[str]:
    """Endpoints that `semantic_text` fields name."""
    found = mappings.fields(dict(mapping)).values() if mapping else ()
    ids = (definition.get(key) for definition in found for key in ("inference_id", "search_inference_id"))
    return {name for name in ids if isinstance(name, str)}


def _environment(spec: PipelineSpec) -> Iterator[Problem]:
    endpoints = {name: body.model_dump() for name, body in spec.file.endpoints.items()}
    value = {"endpoints": endpoints, "index": {"name": spec.file.index.name}}
    for name, has_default, where in environment.references(value, spec.where):
        if not has_default and not os.environ.get(name):
            yield Problem(
                where, "unset-variable", f"the environment variable {name} is {environment.unset(name, os.environ)}"
            )


def _vector_fields(spec: PipelineSpec) -> Iterator[Problem]:
    """Outputs of inference that the mapping has no fitting field for."""
    if spec.mapping is None:
        return
    known = mappings.fields(dict(spec.mapping))
    for field, name in spec.processors.outputs():
        where = next((ref.where for ref in references(spec.file, spec.where) if ref.inference_id == name), spec.where)
        declared = spec.file.endpoints.get(name)
        needed = {_NEEDED_TYPE.get(declared.task_type)} if declared else set(_NEEDED_TYPE.values())
        if None in needed:
            continue
        types = " or ".join(sorted(str(item) for item in needed))
        if field not in known:
            message = f"the mapping has no field {field!r} for the vectors of {name!r}; it needs {types}"
            yield Problem(where, "missing-field", message)
        elif known[field].get("type", "object") not in needed:
            message = f"field {field!r} is mapped as {known[field].get('type', 'object')}, {name!r} needs {types}"
            yield Problem(where, "wrong-field-type", message)


def _search(spec: PipelineSpec) -> Iterator[Problem]:
    """Placeholders and retrievers of the search."""
    if spec.file.search is None:
        return
    where = spec.where.at("search")
    known = True
    for name, place in template.placeholders(spec.file.search, where):
        if name not in template.NAMES:
            known = False
            yield from _problems(template.unknown(name, place), place)
    retriever = spec.file.search.get("retriever")
    if known and retriever is not None and is_compound(retriever):
        try:
            filled = render(retriever, {"query": "text", "size": 10}, where.at("retriever"))
            parse(filled, where.at("retriever"), 10)
        except PipelineError as error:
            yield from _problems(error, where.at("retriever"))
    if "{{query}}" not in str(spec.file.search).replace("{{ query }}", "{{query}}"):
        yield Problem(where, "no-query", "the search never uses {{query}}, so every text finds the same")


def _windows(spec: PipelineSpec) -> Iterator[Problem]:
    """Stages that want to see more hits than the search can give."""
    retriever = (spec.file.search or {}).get("retriever")
    if not isinstance(retriever, dict) or not is_compound(retriever):
        return
    kind, options = next(iter(retriever.items()))
    window = options.get("rank_window_size", 10) if isinstance(options, dict) else None
    for index, stage in enumerate(spec.response_processors):
        if isinstance(window, int) and stage.window > window:
            where = spec.where.at("response_processors", index)
            message = f"{stage.name} looks at {stage.window} hits, [{kind}] gives {window} (rank_window_size)"
            yield Problem(where, "window", message)


def _normalizers(spec: PipelineSpec) -> Iterator[Problem]:
    """Normalizers that rank on the client alone: pasted into a search of Elasticsearch they are refused."""
    where = spec.where.at("search", "retriever")
    try:
        tree = parse(render((spec.file.search or {}).get("retriever"), {"query": "text", "size": 10}, where), where, 10)
    except PipelineError:
        return  # said as an error
    for node in nodes(tree):
        for name in dict.fromkeys(node.normalizers if isinstance(node, Fusion) else ()):
            if name not in ELASTICSEARCH_NORMALIZERS:
                message = f"{node.name}: the normalizer [{name}] is computed on the client; Elasticsearch has none"
                yield Problem(where, "client-only", message, f"known there: {', '.join(ELASTICSEARCH_NORMALIZERS)}")


def _problems(error: HeadpondError, where: Where) -> list[Problem]:
    return error.problems if isinstance(error, Wrong) else [Problem(where, "invalid", error.message, error.hint)]
