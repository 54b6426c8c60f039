"""`index.similarity`: BM25 with other constants, for all fields (`default`) or for those that name it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument

PREFIX = "index.similarity."
_BUILT_IN = ("BM25", "boolean")
_OTHERS = ("DFI", "DFR", "IB", "LMDirichlet", "LMJelinekMercer", "boolean", "scripted")


@dataclass(frozen=True, slots=True)
class Similarity:
    """The constants of BM25.

    Attributes:
        k1: how much further occurrences of a term add.
        b: how much the length of a field counts, from 0 to 1.
    """

    k1: float = 1.2
    b: float = 0.75


BM25 = Similarity()


def read_similarities(settings: Mapping[str, Any]) -> dict[str, Similarity]:
    """The similarities that flat index settings define, by name.

    Raises:
        RestError: 400, one is not valid; 501, it is another than BM25.
    """
    bodies: dict[str, dict[str, Any]] = {}
    for setting, value in settings.items():
        if setting.startswith(PREFIX):
            name, _, option = setting.removeprefix(PREFIX).partition(".")
            bodies.setdefault(name, {})[option] = value
    return {name: _read(name, body) for name, body in bodies.items()}


def _read(name: str, body: dict[str, Any]) -> Similarity:
    kind = body.pop("type", None)
    if name in _BUILT_IN:
        raise illegal_argument(f"illegal value for [{PREFIX}{name}] cannot redefine built-in similarity")
    if kind is None:
        raise illegal_argument(f"Similarity [{name}] must have an associated type")
    if kind in _OTHERS:
        raise _missing(f"the similarity type [{kind}] of [{name}]")
    if kind != "BM25":
        raise illegal_argument(f"Unknown Similarity type [{kind}] for [{name}]")
    k1, b = (_float(option, body.pop(option, default)) for option, default in (("k1", BM25.k1), ("b", BM25.b)))
    overlaps = body.pop("discount_overlaps", "true")
    if overlaps not in ("true", "false"):
        raise illegal_argument(f"Failed to parse value [{overlaps}] as only [true] or [false] are allowed.")
    if overlaps == "false":
        raise _missing(f"[discount_overlaps: false] of the similarity [{name}]")
    if body:
        raise illegal_argument(f"Unknown settings for similarity of type [BM25]: [{', '.join(sorted(body))}]")
    if not (math.isfinite(k1) and k1 >= 0):
        raise illegal_argument(f"illegal k1 value: {k1}, must be a non-negative finite value")
    if not 0 <= b <= 1:
        raise illegal_argument(f"illegal b value: {b}, must be between 0 and 1")
    return Similarity(k1, b)


def _float(option: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        cause = RestError(400, "number_format_exception", f'For input string: "{value}"')
        reason = f"Failed to parse float setting [{option}] with value [{value}]"
        raise RestError(500, "settings_exception", reason, caused_by=cause) from None


def _missing(what: str) -> RestError:
    return RestError(501, "not_implemented_exception", f"{what} is not supported by headpond")
