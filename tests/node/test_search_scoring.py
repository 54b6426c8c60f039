"""The pure parts of scoring, each next to a slower or plainer way of computing the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headpond.errors import RestError
from headpond.node.scoring.fuzzy import Fuzziness, edit_distances, expand
from headpond.node.scoring.match import Match
from headpond.node.scoring.minimum_should_match import minimum_should_match
from headpond.node.scoring.nearest import nearest
from headpond.node.scoring.phrase import sloppy_freq
from headpond.node.search.json import did_you_mean
from headpond.node.search.top import first_of_largest

WORD = st.text("abc", min_size=0, max_size=6)


def distance(left: str, right: str) -> int:
    """Insertions, deletions, replacements, and swaps of neighbours that are not edited further."""
    table = {(i, j): max(i, j) for i in range(len(left) + 1) for j in range(len(right) + 1)}
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            replaced = table[i - 1, j - 1] + (left[i - 1] != right[j - 1])
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, replaced)
            if i > 1 and j > 1 and left[i - 2 : i] == right[j - 2 : j][::-1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(left), len(right)]


@given(st.lists(WORD, min_size=1, max_size=6), WORD)
def test_edit_distances_of_many_terms_at_once(terms: list[str], word: str) -> None:
    assert edit_distances(terms, word).tolist() == [distance(term, word) for term in terms]


def test_fuzzy_terms_come_nearest_first_and_weigh_less() -> None:
    assert expand(["brown", "brawn", "crown", "drawn"], "brown", 1) == [("brown", 1.0), ("brawn", 0.8), ("crown", 0.8)]
    assert expand(["brown", "crown"], "brown", 1, prefix_length=1) == [("brown", 1.0)]


@pytest.mark.parametrize(("word", "edits"), [("ab", 0), ("abc", 1), ("abcde", 1), ("abcdef", 2)])
def test_auto_fuzziness_depends_on_length(word: str, edits: int) -> None:
    assert Fuzziness().distance(word) == edits


@pytest.mark.parametrize(
    ("spec", "clauses", "needed"),
    [
        (None, 4, 0),
        ("2", 4, 2),
        ("-1", 4, 3),
        ("75%", 4, 3),
        ("-25%", 4, 3),
        ("-25%", 3, 3),
        ("33%", 4, 1),
        ("3<90%", 3, 3),
        ("3<90%", 10, 9),
        ("2<-25% 9<-3", 2, 2),
        ("2<-25% 9<-3", 8, 6),
        ("2<-25% 9<-3", 12, 9),
        ("3 < 2", 5, 2),
        ("-9", 4, 0),
        ("9", 4, 9),
    ],
)
def test_minimum_should_match_in_all_its_notations(spec: str | None, clauses: int, needed: int) -> None:
    assert minimum_should_match(spec, clauses) == needed


def test_a_minimum_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(RestError, match='For input string: "few"'):
        minimum_should_match("few", 3)


@pytest.mark.parametrize(
    ("lists", "slop", "freq"),
    [
        ([[3], [3]], 0, 1.0),
        ([[3], [4]], 1, 0.5),
        ([[3], [5]], 1, 0.0),
        ([[0, 10], [0, 10]], 0, 2.0),
        ([[0], [2], [4]], 4, 0.2),
        ([[5], [3]], 2, 1 / 3),
    ],
)
def test_a_loose_phrase_counts_less_the_more_it_is_moved(lists: list[list[int]], slop: int, freq: float) -> None:
    assert sloppy_freq(lists, slop) == pytest.approx(freq)


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 40))
def test_the_largest_come_first_and_equals_in_their_order(values: list[int], size: int) -> None:
    expected = sorted(range(len(values)), key=lambda place: (-values[place], place))[:size]
    assert first_of_largest(np.array(values, np.float32), size).tolist() == expected


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5), min_size=1, max_size=4), st.integers(1, 8))
def test_the_nearest_are_kept_over_all_segments(segments: list[list[int]], k: int) -> None:
    found = [Match(np.array(scores) > 0, np.array(scores, np.float32)) for scores in segments]
    kept = nearest(found, k)
    every = sorted((-score, s, d) for s, scores in enumerate(segments) for d, score in enumerate(scores) if score)
    expected = {(s, d) for _, s, d in every[:k]}
    assert {(s, int(d)) for s, match in enumerate(kept) for d in np.flatnonzero(match.mask)} == expected


def test_near_names_are_suggested_best_first() -> None:
    assert did_you_mean("matc", ["match", "term"]) == " did you mean [match]?"
    assert did_you_mean("ter", ["terms", "term", "range"]) == " did you mean any of [term, terms]?"
    assert did_you_mean("foo", ["match"]) == ""
