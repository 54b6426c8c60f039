"""Lengths in one byte, as Lucene keeps them."""

from __future__ import annotations

import numpy as np
import pytest

from headpond.node.store.feature_weight import quantised
from headpond.node.store.small_float import LENGTHS, encode_lengths


def test_lengths_up_to_39_are_exact() -> None:
    lengths = np.arange(40)
    assert LENGTHS[encode_lengths(lengths)].tolist() == lengths.tolist()


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        (40, 40),
        (41, 40),
        (42, 42),
        (55, 54),
        (56, 56),
        (59, 56),
        (60, 60),
        (100, 96),
        (1000, 984),
        (2**31 - 1, 2013265944),
    ],
)
def test_longer_ones_keep_four_bits(length: int, kept: int) -> None:
    assert LENGTHS[encode_lengths(np.array([length]))].tolist() == [kept]


def test_every_code_stands_for_a_length_of_its_own() -> None:
    assert (np.diff(LENGTHS) > 0).all()
    assert encode_lengths(LENGTHS).tolist() == list(range(256))


@pytest.mark.parametrize(
    ("weight", "kept"),
    [(1.234567, 1.234375), (0.001, 9.994507e-4), (123.456, 123.25), (1.0, 1.0), (1e-7, 9.9884346e-8)],
)
def test_sparse_weights_are_those_a_real_node_shows(weight: float, kept: float) -> None:
    assert quantised(np.array([weight], np.float32))[0] == np.float32(kept)
