from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headpond.pipeline.pace.pool import Pool


def batches(pool: Pool, *, partial: bool = True) -> list[list[str]]:
    found = []
    while batch := pool.take(partial=partial):
        found.append(batch)
    return found


def test_only_full_requests_are_given_until_partial_ones_are_asked_for() -> None:
    pool = Pool(3, 100, len)
    pool.add("abcd")
    assert len(pool.take(partial=False)) == 3
    assert pool.take(partial=False) == []
    assert len(pool) == 1
    assert pool.take(partial=True) == ["d"]
    assert pool.take(partial=True) == []


def test_what_is_left_of_one_window_goes_with_the_next() -> None:
    pool = Pool(3, 100, len)
    pool.add(["one", "two", "six", "ten"])
    assert len(pool.take(partial=False)) == 3
    pool.add(["fifteen", "eighteen", "nine"])
    assert pool.take(partial=False) == ["ten", "eighteen", "fifteen"]


def test_earlier_windows_go_first_whenever_they_come() -> None:
    pool = Pool(2, 100, len)
    pool.add(["ccc", "cc", "c"], 2)
    pool.add(["aaa", "aa", "a"], 0)
    pool.add(["bbb", "bb"], 1)
    pool.add(["AA"], 0)
    assert batches(pool) == [["aaa", "aa"], ["a", "AA"], ["bbb", "bb"], ["ccc", "cc"], ["c"]]


def test_a_text_above_the_limit_goes_alone() -> None:
    pool = Pool(5, 10, len)
    pool.add(["x" * 50, "a", "b"])
    assert batches(pool) == [["x" * 50], ["a", "b"]]


def test_texts_of_like_length_go_together() -> None:
    pool = Pool(2, 100, len)
    pool.add(["aaa", "b", "cccc", "dd"])
    assert batches(pool) == [["cccc", "aaa"], ["dd", "b"]]


def test_gaps_are_filled_with_what_fits() -> None:
    pool = Pool(10, 10, len)
    pool.add(["a" * 6, "b" * 6])
    pool.add(["c" * 5, "d" * 4])
    assert batches(pool) == [["a" * 6, "d" * 4], ["b" * 6], ["c" * 5]]


def test_clearing_gives_everything_back() -> None:
    pool = Pool(3, 10, len)
    pool.add(["a", "b"])
    pool.add(["c"])
    assert sorted(pool.clear()) == ["a", "b", "c"]
    assert len(pool) == 0
    assert pool.take(partial=True) == []


def test_long_and_short_texts_are_mixed_where_this_saves_requests() -> None:
    pool = Pool(4, 12, len)
    pool.add([*["x" * 9] * 4, *"abcdefghijkl"])
    assert [sum(map(len, batch)) for batch in batches(pool)] == [12, 12, 12, 12]


@given(st.lists(st.lists(st.integers(1, 40), max_size=30), max_size=8), st.integers(1, 12), st.integers(1, 60))
def test_nothing_is_lost_and_no_limit_is_broken(windows: list[list[int]], inputs: int, tokens: int) -> None:
    pool = Pool(inputs, tokens, len)
    given_texts: list[str] = []
    taken: list[list[str]] = []
    for window in windows:
        texts = [f"{len(given_texts) + place:x}".ljust(size, "-") for place, size in enumerate(window)]
        given_texts += texts
        pool.add(texts)
        taken += batches(pool, partial=False)
    taken += batches(pool)
    assert sorted(text for batch in taken for text in batch) == sorted(given_texts)
    assert all(len(batch) <= inputs for batch in taken)
    assert all(sum(map(len, batch)) <= tokens or len(batch) == 1 for batch in taken)


@pytest.mark.parametrize(("inputs", "tokens"), [(96, 1_000_000), (1000, 8_000), (64, 10_000)])
def test_ten_thousand_mixed_texts_take_hardly_more_requests_than_they_must(inputs: int, tokens: int) -> None:
    chance = random.Random(5)
    sizes = [min(2_000, max(1, int(chance.lognormvariate(4.5, 1.0)))) for _ in range(10_000)]
    pool = Pool(inputs, tokens, lambda text: int(text.partition(" ")[0]))
    found: list[list[str]] = []
    for begin in range(0, len(sizes), 512):
        pool.add(f"{size} {begin + place}" for place, size in enumerate(sizes[begin : begin + 512]))
        if begin % 2048 == 1536:  # four windows are under way
            found += batches(pool, partial=False)
    found += batches(pool)
    fewest = max(-(-len(sizes) // inputs), -(-sum(sizes) // tokens))
    assert sum(map(len, found)) == len(sizes)
    assert len(found) <= 1.05 * fewest
