"""Says where two answers differ; every tolerance that is allowed is written here and nowhere else.

* Scores agree within a relative 1e-5 in single precision: Lucene sums in `float`, in an order of its own. Near zero,
  where `1 + cosine` cancels, they agree within 1e-7.
* Hits of equal score may come in any order among themselves: the order inside a tie is not promised.
* Everything else is equal: names, types (`1` is not `1.0`, outside scores), texts and the order of lists.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias

Json: TypeAlias = Any

SCORE_REL = 1e-5
SCORE_ABS = 1e-7
SCORES = frozenset({"_score", "max_score", "score", "score_before"})
FLOAT_REL = 1e-9  # other floats are printed from doubles; the last digit may be rounded differently


def differences(actual: Json, expected: Json, *, score_rel: float = SCORE_REL) -> list[str]:
    """One line for each place where `actual` is not what was expected; empty when the answers agree.

    Args:
        actual: an answer as plain JSON values.
        expected: the answer it should equal.
        score_rel: relative tolerance of scores, where an approximation (quantised vectors) is compared.
    """
    return list(_walk(actual, expected, "", score_rel))


def _walk(actual: Json, expected: Json, path: str, rel: float) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        yield from _mappings(actual, expected, path, rel)
    elif _is_list(expected) and _is_list(actual):
        if _are_hits(expected) and _are_hits(actual) and len(actual) == len(expected):
            actual, expected = _align_ties(actual, expected, rel)
        yield from _lists(actual, expected, path, rel)
    elif not _same(actual, expected, path.rpartition(".")[2], rel):
        yield f"{path or 'answer'}: got {actual!r}, expected {expected!r}"


def _mappings(actual: Mapping[str, Json], expected: Mapping[str, Json], path: str, rel: float) -> Iterator[str]:
    for key in expected:
        where = f"{path}.{key}" if path else key
        if key not in actual:
            yield f"{where}: missing, expected {expected[key]!r}"
        else:
            yield from _walk(actual[key], expected[key], where, rel)
    for key in actual:
        if key not in expected:
            yield f"{path + '.' if path else ''}{key}: not expected, got {actual[key]!r}"


def _lists(actual: Sequence[Json], expected: Sequence[Json], path: str, rel: float) -> Iterator[str]:
    if len(actual) != len(expected):
        got, wanted = _brief(actual), _brief(expected)
        yield f"{path or 'answer'}: got {len(actual)} elements {got}, expected {len(expected)} {wanted}"
        return
    for at, (one, other) in enumerate(zip(actual, expected, strict=True)):
        yield from _walk(one, other, f"{path}[{at}]", rel)


def _same(actual: Json, expected: Json, key: str, rel: float) -> bool:
    if key in SCORES and _is_number(actual) and _is_number(expected):
        return math.isclose(actual, expected, rel_tol=rel, abs_tol=SCORE_ABS)
    if isinstance(actual, float) and isinstance(expected, float):
        return math.isclose(actual, expected, rel_tol=FLOAT_REL) or (math.isnan(actual) and math.isnan(expected))
    return type(actual) is type(expected) and bool(actual == expected)


def _align_ties(actual: Sequence[Json], expected: Sequence[Json], rel: float) -> tuple[Sequence[Json], Sequence[Json]]:
    """Both lists with the hits of each run of equal expected score sorted by index and id."""

    def key(hit: Mapping[str, Json]) -> tuple[str, str]:
        return str(hit.get("_index")), str(hit.get("_id"))

    aligned: tuple[list[Json], list[Json]] = ([], [])
    at = 0
    for _, run in groupby(expected, key=_Close(rel)):
        length = len(list(run))
        aligned[0].extend(sorted(actual[at : at + length], key=key))
        aligned[1].extend(sorted(expected[at : at + length], key=key))
        at += length
    return aligned


class _Close:
    """Numbers the runs of neighbours whose scores are equal within the tolerance."""

    def __init__(self, rel: float) -> None:
        self._rel = rel
        self._last = math.nan
        self._run = 0

    def __call__(self, hit: Mapping[str, Json]) -> int:
        score = hit["_score"]
        if not math.isclose(score, self._last, rel_tol=self._rel, abs_tol=SCORE_ABS):
            self._run += 1
        self._last = score
        return self._run


def _are_hits(values: Sequence[Json]) -> bool:
    """Whether these are hits ordered by score, not by an explicit sort."""
    return bool(values) and all(
        isinstance(one, Mapping) and "_id" in one and _is_number(one.get("_score")) and "sort" not in one
        for one in values
    )


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _brief(values: Sequence[Json]) -> str:
    names = [one.get("_id", "...") if isinstance(one, Mapping) else one for one in values[:12]]
    return f"({', '.join(map(str, names))})"
