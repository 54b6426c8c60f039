from __future__ import annotations

import pytest

from headpond.stages.highlight import Highlight, marked


@pytest.mark.parametrize(
    ("text", "query", "wanted"),
    [
        ("The Wheel turns.", "wheel", "The <em>Wheel</em> turns."),
        ("wheels and a wheelbarrow", "wheel", "wheels and a wheelbarrow"),
        ("vaccines, vaccine: VACCINATED", "vaccine", "<em>vaccines</em>, <em>vaccine</em>: <em>VACCINATED</em>"),
        ("the mill of the man", "the wheel of a mill", "the <em>mill</em> of the man"),
        ("to be or not", "to be", "<em>to</em> <em>be</em> or not"),
        ("Straße", "STRASSE", "<em>Straße</em>"),
        ("nothing here", "mill", "nothing here"),
        ("", "mill", ""),
        ("mill", "", "mill"),
        ("mill mill", "mill", "<em>mill</em> <em>mill</em>"),
        ("古い水車小屋は大きな水車を使う。", "水車小屋の仕組み", "古い<em>水車小屋</em>は大きな<em>水車</em>を使う。"),
        ("水車は回る", "水", "<em>水</em>車は回る"),
        ("AI水車とAI技術", "AI 技術", "<em>AI</em>水車と<em>AI技術</em>"),
        ("旧磨坊利用水轮磨面。", "水轮怎么用", "旧磨坊利用<em>水轮</em>磨面。"),
        ("물레방아는 강물의 힘으로 돈다", "물레방아가", "<em>물레방아</em>는 강물의 힘으로 돈다"),
        ("กังหันน้ำหมุนล้อของโรงสี", "โรงสีกังหัน", "<em>กังหัน</em>น้ำหมุนล้อของ<em>โรงสี</em>"),
        ("हिन्दी में पानी की चक्की", "पानी", "हिन्दी में <em>पानी</em> की चक्की"),
        ("Cafe\u0301 noir", "cafe\u0301", "<em>Cafe\u0301</em> noir"),
    ],
)
def test_words_of_the_query_are_marked(text: str, query: str, wanted: str) -> None:
    assert marked(text, query, Highlight()) == wanted


def test_tags_and_encoding_are_chosen() -> None:
    how = Highlight.model_validate({"pre_tags": ["<b>"], "post_tags": "</b>", "encoder": "html"})
    assert marked("a <mill> & more", "mill", how) == "a &lt;<b>mill</b>&gt; &amp; more"


def test_several_tags_are_refused() -> None:
    with pytest.raises(ValueError, match="pre_tags"):
        Highlight.model_validate({"pre_tags": ["<a>", "<b>"]})
