"""Words of a query in texts of any script: which passages hold them, and which texts are alike."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headpond.stages.passage import Passage
from headpond.stages.response.diversify import Diversify
from headpond.stages.selection import select, shares
from headpond.stages.words import Asked
from tests.stages.hits import found, ids, run

TEXTS = st.text(st.sampled_from("ab ß.水車屋のテー력กังน้\u0301\ud800"), max_size=12)


@pytest.mark.parametrize(
    ("query", "passages", "best"),
    [
        ("水轮怎么磨面", ["猫整天都在睡觉。", "旧磨坊利用河水驱动的水轮磨面。"], 1),
        ("水車小屋", ["猫は一日中眠る。", "川の流れで水車が回る。", "水車小屋が川にある。"], 2),
        ("กังหันน้ำ", ["แมวนอนทั้งวัน", "กังหันน้ำหมุนล้อ"], 1),
        ("물레방아", ["고양이는 잔다", "물레방아는 돈다"], 1),
        ("the mill", ["A cat sleeps.", "The mill grinds corn."], 1),
    ],
)
def test_the_passage_with_the_querys_words_is_chosen_in_any_script(query: str, passages: list[str], best: int) -> None:
    (chosen,) = select(query, [[Passage("body", text) for text in passages]], 1)
    assert [passage.text for passage in chosen] == [passages[best]]


def test_a_text_with_all_words_holds_all_of_the_query() -> None:
    whole, half, none = shares("AI 水車", [["水車とAI", "AI", "猫"]])[0]
    assert (whole, none) == (pytest.approx(1.0), 0.0)
    assert 0.3 < half < 0.5


def test_texts_without_spaces_are_alike_by_what_they_share() -> None:
    texts = ["水車が川の水で回る", "水車が川の水で回った", "猫は一日中眠る"]
    results = run(Diversify, found(*({"body": text} for text in texts)), text_field="body", **{"lambda": 0.3})
    assert ids(results) == ["0", "2", "1"]


@given(TEXTS, TEXTS)
def test_what_is_found_is_held_and_spans_neither_touch_nor_overlap(query: str, text: str) -> None:
    asked = Asked.of(query)
    spans = asked.spans(text)
    assert bool(spans) == bool(asked.within(text))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] < right[0] for left, right in pairwise(spans))


@given(TEXTS)
def test_a_text_holds_its_own_words(text: str) -> None:
    asked = Asked.of(text)
    assert asked.within(text) == asked.all
