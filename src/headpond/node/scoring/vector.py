"""Checking a query's vector against its field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headpond.errors import RestError
from headpond.node.mapping.types.dense_vector import DenseVector
from headpond.node.mapping.vector_value import UNIT_TOLERANCE

Vector = NDArray[np.float32] | NDArray[np.int8]


def query_vector(field: DenseVector, given: tuple[float, ...] | str) -> Vector:
    """The vector as the field stores them, shape (dims,).

    Args:
        field: where it is searched.
        given: numbers, or a string of hex digits for byte and bit vectors.

    Raises:
        RestError: 400, wrong dimensions, values out of range, or a length that the similarity does not allow.
    """
    vector = _array(field, given)
    stored = None if field.dims is None else field.dims // 8 if field.element_type == "bit" else field.dims
    if stored is not None and len(vector) != stored:
        reason = "The query vector has a different number of dimensions"
        factor = 8 if field.element_type == "bit" else 1
        raise _illegal(f"{reason} [{len(vector) * factor}] than the document vectors [{field.dims}].")
    if field.element_type == "bit":
        return vector
    squared = float(np.square(vector.astype(np.float64)).sum())
    if not np.isfinite(squared):
        raise _illegal(f"NaN or Infinite magnitude detected. Preview of invalid vector: {preview(given)}")
    if field.similarity == "cosine" and squared == 0:
        reason = "The [cosine] similarity does not support vectors with zero magnitude."
        raise _illegal(f"{reason} Preview of invalid vector: {preview(given)}")
    if field.similarity == "dot_product" and field.element_type == "float" and abs(squared - 1) > UNIT_TOLERANCE:
        reason = "The [dot_product] similarity can only be used with unit-length vectors."
        raise _illegal(f"{reason} Preview of invalid vector: {preview(given)}")
    return vector


def preview(given: tuple[float, ...] | str) -> str:
    """The first five numbers, as error texts show them."""
    if isinstance(given, str):
        return given[:10]
    shown = ", ".join(str(float(number)) for number in given[:5])
    return f"[{shown}{', ...' if len(given) > 5 else ''}]"


def _array(field: DenseVector, given: tuple[float, ...] | str) -> Vector:
    if isinstance(given, str):
        try:
            return np.frombuffer(bytes.fromhex(given), np.int8)
        except ValueError:
            raise _illegal(f"Failed to parse [query_vector]: [{given[:20]}] is not a string of hex digits") from None
    if field.element_type == "float":
        with np.errstate(over="ignore"):
            return np.array(given, np.float32)
    for dim, number in enumerate(given):
        if number != int(number):
            raise _illegal(
                f"element_type [{field.element_type}] vectors only support non-decimal values but found decimal value "
                f"[{float(number)}] at dim [{dim}]; Preview of invalid vector: {preview(given)}"
            )
        if not -128 <= number <= 127:
            raise _illegal(
                f"element_type [{field.element_type}] vectors only support integers between [-128, 127] but found "
                f"[{int(number)}] at dim [{dim}]; Preview of invalid vector: {preview(given)}"
            )
    return np.array(given, np.int8)


def _illegal(reason: str) -> RestError:
    return RestError(400, "illegal_argument_exception", reason)
