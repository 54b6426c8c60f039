from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headpond.models.packing import pack, padded, spread


@given(st.lists(st.integers(1, 600)), st.integers(1, 2048), st.integers(1, 64))
def test_every_text_is_in_exactly_one_batch_and_batches_keep_the_budget(
    lengths: list[int], budget: int, largest: int
) -> None:
    batches = pack(lengths, budget=budget, largest=largest)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget
        assert len(batch) <= largest


def test_texts_of_similar_length_share_a_batch() -> None:
    assert pack([5, 100, 6, 99], budget=200, largest=32) == [[1, 3], [2, 0]]


@given(st.lists(st.integers(1, 600), max_size=80), st.integers(1, 4))
def test_spreading_over_threads_loses_no_text(lengths: list[int], threads: int) -> None:
    batches = spread(lengths, budget=384, largest=32, threads=threads)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))


def test_two_threads_get_equal_shares_of_few_texts() -> None:
    assert [len(batch) for batch in spread([20] * 48, budget=384, largest=32, threads=2)] == [12, 12, 12, 12]


def test_one_thread_gets_full_batches() -> None:
    assert [len(batch) for batch in spread([20] * 48, budget=400, largest=32, threads=1)] == [20, 20, 8]


def test_padding_stands_right_of_the_tokens() -> None:
    ids, lengths = padded([[7, 8, 9], [4]])
    np.testing.assert_array_equal(ids, [[7, 8, 9], [4, 0, 0]])
    np.testing.assert_array_equal(lengths, [3, 1])
