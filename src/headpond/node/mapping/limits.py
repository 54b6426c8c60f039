"""How large a mapping may grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument


@dataclass(frozen=True, slots=True)
class Limits:
    """The `index.mapping.*.limit` settings with Elasticsearch's defaults.

    Attributes:
        total_fields: fields and objects together.
        depth: objects inside objects.
        nested_fields: nested objects.
    """

    total_fields: int = 1000
    depth: int = 20
    nested_fields: int = 100


NONE = Limits(1 << 40, 1 << 40, 1 << 40)
"""No limits, for parts of mappings."""


def read_limits(settings: Mapping[str, Any]) -> Limits:
    """The limits of flat index settings."""
    return Limits(
        _limit(settings, "total_fields", 1000),
        _limit(settings, "depth", 20),
        _limit(settings, "nested_fields", 100),
    )


def _limit(settings: Mapping[str, Any], name: str, default: int) -> int:
    return int(settings.get(f"index.mapping.{name}.limit", default))


def depth_error(path: str, limits: Limits) -> RestError:
    """A 400: an object lies too deep."""
    return illegal_argument(f"Limit of mapping depth [{limits.depth}] has been exceeded due to object field [{path}]")
