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
