"""Reads pipelines as a node does: the first thing that is wrong is its error, in Elasticsearch's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headpond.errors import RestError
from headpond.stages.ingest_body import read_pipeline
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.known import Known
from headpond.stages.options import parse_exception
from headpond.stages.where import Problem, Where, Wrong

KNOWN = Known(elasticsearch=True)
"""Elasticsearch's own processors; those of this toolkit alone are refused, as Elasticsearch would."""


def parse(id: str, body: Mapping[str, Any]) -> IngestPipeline:
    """A pipeline, ready to run.

    Args:
        id: its name.
        body: as of `PUT _ingest/pipeline`.

    Raises:
        RestError: 400, it is not valid; further processors that are not stand under `suppressed`. 501, it needs what
            headpond has not.
    """
    try:
        return read_pipeline(id, _one_each(body), Where(), known=KNOWN)
    except Wrong as wrong:
        raise _error(wrong.problems) from None


def _error(problems: Sequence[Problem]) -> RestError:
    by_processor: dict[tuple[str | int, ...], RestError] = {}
    for problem in problems:
        by_processor.setdefault(problem.where.keys[:2], problem.answer or parse_exception(problem.message))
    first, *others = by_processor.values()
    if others:
        first.extra = {**first.extra, "suppressed": [other.cause() for other in others]}
    return first


def _one_each(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with lists of processors in which each object is one processor; it may be several, or none."""
    return {key: _split(value) if key in ("processors", "on_failure") else value for key, value in options.items()}


def _split(given: Any) -> Any:
    if not isinstance(given, list):
        return given
    found: list[Any] = []
    for item in given:
        if not isinstance(item, Mapping):
            found.append(item)
            continue
        for name, options in item.items():
            found.append({name: _one_each(options) if isinstance(options, Mapping) else options})
    return found
