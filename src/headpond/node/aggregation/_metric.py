"""Aggregations that make one number, or a few, of a field's numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headpond.node.aggregation._field import as_text, as_value, field_of, read_field, values_of
from headpond.node.aggregation.base import Aggregation, Scope
from headpond.node.mapping.base import FieldType
from headpond.node.search.json import Json


@dataclass(frozen=True, kw_only=True)
class Metric(Aggregation):
    """An aggregation of one field.

    Attributes:
        field: the field.
        missing: stands for it in documents without it; they are left out otherwise.
    """

    field: str
    missing: Any = None

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "price", "missing": 0}`."""
        field, missing, _ = read_field(source, cls.type)
        return cls(field=field, missing=missing)

    def numbers(self, scope: Scope) -> tuple[NDArray[np.float64], FieldType | None]:
        """float64[n], the values of all documents; and the field."""
        field = field_of(scope, self.field, self.type, numeric=True)
        found = list(values_of(scope, self.field))
        parts = [part.values.astype(np.float64) for part in found]
        if self.missing is not None:
            value = float(as_value(field, self.missing, "missing"))
            parts += [np.full(len(part.without), value) for part in found]
        return np.concatenate([np.zeros(0), *parts]), field


def total(numbers: NDArray[np.float64]) -> float:
    """The sum without the errors of adding one by one; Elasticsearch compensates for them too."""
    return math.fsum(numbers.tolist())


def one_value(value: float | None, field: FieldType | None) -> dict[str, Any]:
    """`value`, for dates and booleans also as text."""
    text = None if value is None else as_text(field, value)
    return {"value": value} if text is None else {"value": value, "value_as_string": text}
