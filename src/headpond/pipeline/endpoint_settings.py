"""Endpoints of a pipeline file as their service would read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from headpond.errors import nearest
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.where import Problem, Where

Judge = Callable[[str, Mapping[str, Any]], Iterator[tuple[bool, str]]]
"""Gives what is wrong with the body of an endpoint, each with whether it is wrong everywhere."""

_NAME = re.compile(r"\[(\w+)\]")
_SECTIONS = ("service_settings", "task_settings", "chunking_settings")


def settings_findings(spec: PipelineSpec, judge: Judge) -> Iterator[tuple[Problem, Literal["error", "warning"]]]:
    """What services refuse about the declared endpoints.

    Settings that hold a reference to the environment are passed over: what they will be is not known yet.
    """
    for name, endpoint in spec.file.endpoints.items():
        body = {"service_settings": {}, **endpoint.model_dump(exclude_none=True, exclude_defaults=True)}
        where = spec.where.at("endpoints", name)
        unknown = {key for key, value in _settings(body) if "${" in str(value)}
        for surely, text in judge(name, body):
            if not any(f"[{key}]" in text for key in unknown):
                problem = Problem(
                    _place(body, where, text), "endpoint-settings", f"{name!r}: {text}", _hint(body, text)
                )
                yield problem, "error" if surely else "warning"


def _settings(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for section in _SECTIONS:
        yield from body.get(section, {}).items()


def _place(body: Mapping[str, Any], where: Where, text: str) -> Where:
    """The setting that the text names, or the endpoint."""
    for section in _SECTIONS:
        for key in body.get(section, {}):
            if f"[{key}]" in text or f"{key}=" in text:
                return where.at(section, key)
    return where


def _hint(body: Mapping[str, Any], text: str) -> str | None:
    """A setting that may be one of those the text names, misspelt."""
    given = [key for key, _ in _settings(body)]
    for name in _NAME.findall(text):
        if name not in given and (near := nearest(name, given)):
            return f"is {near!r} meant to be {name!r}?"
    return None
