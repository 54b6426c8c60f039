"""Any iterable of dicts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from headpond import exact_json
from headpond.pipeline.identity import canonical
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.values import to_json


class Rows(Source):
    """Records from Python; they are copied, so that processors do not change the caller's.

    Values that JSON lacks become what other sources make of them, see `to_json`; numpy arrays become lists.
    """

    name = "records"

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = rows

    def items(self) -> Iterator[Item]:
        """The records, counted from 1."""
        for number, row in enumerate(self._rows, 1):
            if not isinstance(row, Mapping):  # the caller may give anything
                yield Item(number, None, _shown(row), f"a record is a dict, not {type(row).__name__}")
                continue
            try:
                text = canonical(dict(row), to_json)
                if b"null" in text and _has_infinity(row):
                    raise ValueError("infinity is no number in JSON")
                yield Item(number, exact_json.loads(text), text=text)
            except ValueError as error:
                yield Item(number, None, _shown(row), str(error))


def _has_infinity(value: Any) -> bool:
    """Whether there is one, which orjson writes as null."""
    if isinstance(value, float):
        return math.isinf(value)
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and bool(np.isinf(value).any())
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(_has_infinity(one) for one in inner)


def _shown(row: object) -> str:
    """What a dead letter holds of it; what is nested too deep for `repr` is known by its type."""
    try:
        return repr(row)[:1000]
    except RecursionError:
        return f"{type(row).__name__}, nested too deep to be shown"
