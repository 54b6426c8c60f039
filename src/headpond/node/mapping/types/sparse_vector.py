"""`sparse_vector`: weights by token."""

from __future__ import annotations

from typing import Any, ClassVar

from headpond.node.mapping.base import BadValue, FieldType, Parameter, boolean
from headpond.node.mapping.json_token import event, token
from headpond.node.mapping.text_value import java_float
from headpond.node.store.sink import FieldSink

_NUMBERS = frozenset({int, float})
SMALLEST = 1.1754943508222875e-38
"""The smallest positive normal 32-bit float: weights below are refused, as Lucene does."""


class SparseVector(FieldType):
    """Weights by token, searched as a sum of products."""

    type = "sparse_vector"
    whole_arrays = True
    plain_errors = True
    parameters: ClassVar[dict[str, Parameter]] = {
        "meta": Parameter(updatable=True),
        "store": Parameter(default=True, read=boolean),
        "index_options": Parameter(updatable=True),
    }

    def null(self, sink: FieldSink) -> None:
        """A null is refused."""
        raise _no_object("VALUE_NULL", ())

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds an object of weights, or several in an array: each token keeps its largest weight."""
        if type(value) is dict and _all_weights(value):
            sink.sparse(self.path, value)
            return
        weights: dict[str, float] = {}
        objects = value if isinstance(value, list) else [value]
        for position, item in enumerate(objects):
            inner = (position,) if isinstance(value, list) else ()
            if not isinstance(item, dict):
                raise _no_object(event(item), inner)
            for name, weight in item.items():
                if weight is None:
                    continue
                number = self._weight(name, weight, inner)
                if number > weights.get(name, 0.0):
                    weights[name] = number
        sink.sparse(self.path, weights)

    def _weight(self, name: str, weight: Any, inner: tuple[int, ...]) -> float:
        if isinstance(weight, str):
            try:
                weight = float(weight)
            except ValueError:
                raise BadValue(
                    f'For input string: "{weight}"', type="number_format_exception", inner=(*inner, name)
                ) from None
        if isinstance(weight, (bool, list, dict)):
            raise BadValue(
                "[sparse_vector] fields take hashes that map a feature to a strictly positive float, but got "
                f"unexpected token {token(weight)}",
                inner=(*inner, name),
            )
        if not weight >= SMALLEST:
            raise BadValue(
                f"featureValue must be a positive normal float, got: {java_float(weight)} for feature {name} on field "
                f"{self.path} which is less than the minimum positive normal float: 1.1754944E-38",
                inner=(*inner, name),
            )
        return float(weight)


def _all_weights(value: dict[str, Any]) -> bool:
    """Whether every weight is a number that may stay as it is: the quick way for nearly all documents."""
    return _NUMBERS.issuperset(map(type, value.values())) and (not value or min(value.values()) >= SMALLEST)


def _no_object(found: str, inner: tuple[int, ...]) -> BadValue:
    reason = f"[sparse_vector] fields must be json objects, expected a START_OBJECT but got: {found}"
    return BadValue(reason, inner=inner)
