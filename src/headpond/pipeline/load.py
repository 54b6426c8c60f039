"""Loads a pipeline: a file, or a dict of the same shape. Loading runs no code and reads no environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from headpond import mappings
from headpond.errors import InputError, nearest
from headpond.pipeline import yaml_file
from headpond.pipeline.find import find
from headpond.pipeline.spec import PipelineFile, PipelineSpec
from headpond.stages.chain import Chain
from headpond.stages.function import Function, known_with
from headpond.stages.ingest.pipeline import Pipeline as CallsPipeline
from headpond.stages.ingest_body import read_pipeline
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.known import OURS, Known
from headpond.stages.options import Names, read, validate
from headpond.stages.request import REQUEST_PROCESSORS
from headpond.stages.response import RESPONSE_PROCESSORS
from headpond.stages.where import Problem, Where, Wrong

Stage = TypeVar("Stage")


def load(name_or_path: str | Path, stages: Sequence[Function] = ()) -> PipelineSpec:
    """A pipeline by name or path.

    Args:
        name_or_path: the name or the path.
        stages: Python functions that the file may name as processors.

    Raises:
        InputError: there is no such pipeline.
        PipelineError: the file is wrong; every problem is listed with its line.
    """
    path = find(name_or_path)
    data, where = yaml_file.read(path)
    return build(data, where, name=path.stem, folder=path.parent, known=known_with(stages))


def from_dict(data: Mapping[str, Any], *, name: str = "pipeline", stages: Sequence[Function] = ()) -> PipelineSpec:
    """A pipeline written in Python, in the shape of a file.

    Args:
        data: the pipeline.
        name: its name.
        stages: Python functions that it may name as processors.

    Raises:
        PipelineError: something is wrong with it.
    """
    return build(dict(data), Where(), name=name, folder=None, known=known_with(stages))


def build(data: dict[str, Any], where: Where, *, name: str, folder: Path | None, known: Known = OURS) -> PipelineSpec:
    """Checks the parsed file and builds its stages.

    Args:
        data: the top-level object.
        where: its places.
        name: the pipeline's name.
        folder: where the file lies, for relative paths of mappings.
        known: the processors that it may name.

    Raises:
        Wrong: lists every problem.
    """
    problems: list[Problem] = []
    file = PipelineFile.model_validate({})
    try:
        file = validate(PipelineFile, data, where)
    except Wrong as error:
        problems += error.problems
    processors = _processors(data, where, name, known, problems)
    request = tuple(_query_stages(data, "request_processors", REQUEST_PROCESSORS, where, problems))
    response = tuple(_query_stages(data, "response_processors", RESPONSE_PROCESSORS, where, problems))
    mapping = None
    try:
        mapping = _mapping(file, where, folder)
    except Wrong as error:
        problems += error.problems
    if problems:
        raise Wrong(sorted(problems, key=lambda problem: problem.where.line or 0))
    return PipelineSpec(name, file, processors, response, request, mapping, where, known)


_OWN = ("description", "processors", "on_failure", "field_access_pattern")
"""Keys of a file that its ingest pipeline has too."""


def _processors(data: dict[str, Any], where: Where, name: str, known: Known, problems: list[Problem]) -> IngestPipeline:
    """The ingest pipeline with those it calls; what is wrong with them is added to `problems`."""
    called: dict[str, IngestPipeline] = {}
    given = data.get("pipelines")
    for key, body in (given if isinstance(given, dict) else {}).items():
        try:
            if isinstance(body, dict):
                called[key] = read_pipeline(key, body, where.at("pipelines", key), known=known)
        except Wrong as error:
            problems += error.problems
    body = {key: data[key] for key in _OWN if data.get(key) is not None}
    try:
        own = read_pipeline(name, {"processors": [], **body}, where, known=known, pipelines=called)
    except Wrong as error:
        reported = {problem.where.keys for problem in problems}
        problems += [problem for problem in error.problems if problem.where.keys not in reported]
        return IngestPipeline(name, Chain(()))
    problems += _unknown_calls(own, called)
    return own


def _unknown_calls(own: IngestPipeline, called: Mapping[str, IngestPipeline]) -> Iterator[Problem]:
    """Calls of pipelines that the file does not hold."""
    for processor in own.processors():
        if not isinstance(processor, CallsPipeline) or processor.spec.ignore_missing_pipeline:
            continue
        name = processor.called
        if name is not None and name not in called:
            near = nearest(name, called)
            meant = f", did you mean {near!r}?" if near else ""
            hint = "declare it under `pipelines:`; GET _ingest/pipeline shows those of a cluster"
            yield Problem(processor.where, "unknown-pipeline", f"there is no pipeline {name!r} here{meant}", hint)


def _items(data: dict[str, Any], key: str) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a list with their places; what is not one has been reported already."""
    given = data.get(key)
    return [(at, item) for at, item in enumerate(given) if isinstance(item, dict)] if isinstance(given, list) else []


def _query_stages(
    data: dict[str, Any], section: str, known: Names[Stage], where: Where, problems: list[Problem]
) -> Iterator[Stage]:
    """The stages of a section; what is wrong with them is added to `problems`."""
    for index, item in _items(data, section):
        place = where.at(section, index)
        try:
            name, kind, spec = read(item, known, place)
            yield kind(spec, place.at(name).path)  # type: ignore[call-arg]  # both kinds of query stages are made so
        except Wrong as error:
            problems += error.problems


def _mapping(file: PipelineFile, where: Where, folder: Path | None) -> dict[str, Any] | None:
    given, place = file.index.mapping, where.at("index", "mapping")
    if given is None:
        return None
    try:
        if isinstance(given, dict):
            mappings.check(given, "")
            return given
        return mappings.read(mappings.find(given, beside=folder))
    except InputError as error:
        raise place.error(error.message, code="mapping", hint=error.hint) from None
