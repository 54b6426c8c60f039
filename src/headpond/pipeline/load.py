"""Loads a pipeline: a file, or a dict of the same shape. Loading runs no code and reads no environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headpond import mappings
from headpond.errors import InputError
from headpond.pipeline import yaml_file
from headpond.pipeline.find import find
from headpond.pipeline.spec import PipelineFile, PipelineSpec
from headpond.stages.chain import Chain, Link
from headpond.stages.options import read, validate
from headpond.stages.response import RESPONSE_PROCESSORS
from headpond.stages.response.base import ResponseProcessor
from headpond.stages.where import Problem, Where, Wrong


def load(name_or_path: str | Path) -> PipelineSpec:
    """A pipeline by name or path.

    Raises:
        InputError: there is no such pipeline.
        PipelineError: the file is wrong; every problem is listed with its line.
    """
    path = find(name_or_path)
    data, where = yaml_file.read(path)
    return build(data, where, name=path.stem, folder=path.parent)


def from_dict(data: Mapping[str, Any], *, name: str = "pipeline") -> PipelineSpec:
    """A pipeline written in Python, in the shape of a file.

    Raises:
        PipelineError: something is wrong with it.
    """
    return build(dict(data), Where(), name=name, folder=None)


def build(data: dict[str, Any], where: Where, *, name: str, folder: Path | None) -> PipelineSpec:
    """Checks the parsed file and builds its stages.

    Args:
        data: the top-level object.
        where: its places.
        name: the pipeline's name.
        folder: where the file lies, for relative paths of mappings.

    Raises:
        Wrong: lists every problem.
    """
    problems: list[Problem] = []
    file = PipelineFile.model_validate({})
    try:
        file = validate(PipelineFile, data, where)
    except Wrong as error:
        problems += error.problems
    chain, response = _stages(data, where, problems)
    mapping = None
    try:
        mapping = _mapping(file, where, folder)
    except Wrong as error:
        problems += error.problems
    if problems:
        raise Wrong(sorted(problems, key=lambda problem: problem.where.line or 0))
    return PipelineSpec(name, file, Chain(tuple(chain)), tuple(response), mapping, where)


def _stages(
    data: dict[str, Any], where: Where, problems: list[Problem]
) -> tuple[list[Link], list[ResponseProcessor[Any]]]:
    """The stages that can be built; what is wrong with the others is added to `problems`."""
    chain: list[Link] = []
    response: list[ResponseProcessor[Any]] = []
    for index, item in _items(data, "processors"):
        try:
            chain += Chain.build([item], where.at("processors"), first=index).links
        except Wrong as error:
            problems += error.problems
    for index, item in _items(data, "response_processors"):
        try:
            response.append(_response_processor(item, where.at("response_processors", index)))
        except Wrong as error:
            problems += error.problems
    return chain, response


def _items(data: dict[str, Any], key: str) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a list with their places; what is not one has been reported already."""
    given = data.get(key)
    return [(at, item) for at, item in enumerate(given) if isinstance(item, dict)] if isinstance(given, list) else []


def _response_processor(item: Mapping[str, Any], where: Where) -> ResponseProcessor[Any]:
    name, kind, spec = read(item, RESPONSE_PROCESSORS, where)
    return kind(spec, where.at(name).path)


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
