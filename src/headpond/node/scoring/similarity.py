"""How close two vectors are, and the score that stands for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headpond.node.mapping.vector_value import UNIT_TOLERANCE
from headpond.node.store.segment import Float32, Vectors

Vector = NDArray[np.float32] | NDArray[np.int8]


def scores(vectors: Vectors, query: Vector, similarity: str, element_type: str) -> Float32:
    """float32[n]: the score of each stored vector.

    Formulas, from Elasticsearch's reference of `dense_vector` (option `similarity`): cosine `(1 + cos) / 2`;
    dot_product `(1 + dot) / 2`, for bytes `0.5 + dot / (32768 * dims)`; l2_norm `1 / (1 + distance^2)`;
    max_inner_product `1 / (1 - dot)` below 0, else `dot + 1`; bits `(bits - different bits) / bits`.

    Args:
        vectors: the stored ones.
        query: (dims,), of the stored type.
        similarity: cosine, dot_product, l2_norm or max_inner_product.
        element_type: float, byte or bit.
    """
    if element_type == "bit":
        bits = len(query) * 8
        stored, asked = vectors.matrix.view(np.uint8), query.view(np.uint8)
        different = np.bitwise_count(stored ^ asked).sum(axis=1)
        return np.asarray((bits - different) / bits, np.float32)
    matrix = vectors.matrix.astype(np.float32, copy=False)
    wanted = query.astype(np.float32)
    if similarity == "l2_norm":
        return np.float32(1) / (np.float32(1) + squared_distances(matrix, wanted))
    dots = np.asarray(matrix @ wanted, np.float32)
    if similarity == "cosine":
        length = np.float32(np.sqrt(np.square(query.astype(np.float64)).sum()))
        lengths = vectors.magnitudes * length
        if element_type == "float":
            lengths = _lengths(vectors.magnitudes) * _lengths(length)
        return np.maximum((1 + dots / lengths) / 2, 0).astype(np.float32)
    if similarity == "dot_product":
        if element_type == "byte":
            return (np.float32(0.5) + dots / np.float32(len(query) * (1 << 15))).astype(np.float32)
        return np.maximum((1 + dots) / 2, 0).astype(np.float32)
    return np.where(dots < 0, 1 / (1 - np.minimum(dots, 0)), dots + 1).astype(np.float32)


def _lengths(lengths: Float32 | np.float32) -> Float32:
    """1 for vectors so near to unit length that Elasticsearch keeps them as they are instead of normalising them."""
    return np.where(np.abs(np.square(lengths) - 1) > UNIT_TOLERANCE, lengths, np.float32(1)).astype(np.float32)


def squared_distances(matrix: Float32, query: Float32) -> Float32:
    """float32[n]: squared Euclidean distances, by differences: expanding the square would lose digits."""
    result: Float32 = np.empty(len(matrix), np.float32)
    for start in range(0, len(matrix), 4096):
        difference = matrix[start : start + 4096] - query
        result[start : start + 4096] = np.einsum("ij,ij->i", difference, difference)
    return result


def least_score(threshold: float, similarity: str, element_type: str, dims: int) -> float:
    """The score of vectors that are exactly as similar as the knn option `similarity` asks for.

    Args:
        threshold: a cosine, a dot product, or the largest distance (l2_norm: Euclidean; bits: differing bits).
        similarity: the field's.
        element_type: the field's.
        dims: of the query.
    """
    if element_type == "bit":
        return (dims - threshold) / dims
    if similarity == "l2_norm":
        return 1 / (1 + threshold * threshold)
    if similarity == "max_inner_product":
        return 1 / (1 - threshold) if threshold < 0 else threshold + 1
    if similarity == "dot_product" and element_type == "byte":
        return 0.5 + threshold / (dims * (1 << 15))
    return (1 + threshold) / 2
