"""Times in options of stages, in Elasticsearch's units."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from headpond.inference.duration import parse_duration


def _checked(text: str) -> str:
    if parse_duration(text, "deadline") <= 0:
        raise ValueError("this is a time above zero, as in 300ms")
    return text


TimeSpan = Annotated[str, AfterValidator(_checked)]
"""A time above zero, as in `300ms`, `2s` or `1m`."""
