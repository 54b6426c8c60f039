"""The default sparse model with its real weights."""

from __future__ import annotations

import pytest

from headpond.models import SparseModel

pytestmark = pytest.mark.models


def test_a_question_is_expanded_with_related_terms(splade: str) -> None:
    terms = SparseModel.load(splade, precision="fp32").embed(["how do vaccines work"]).terms[0]
    expected = {"work": 2.31, "vaccine": 2.16, "vaccines": 1.85, "works": 1.72, "movement": 1.55, "do": 1.49}
    assert list(terms)[:6] == list(expected)
    assert {term: terms[term] for term in expected} == pytest.approx(expected, abs=0.01)
    assert {"clinical", "working", "drugs"} <= terms.keys()


@pytest.mark.parametrize(
    ("text", "related"),
    [
        ("reset a forgotten password", {"reset", "password", "forgot", "hacker", "secrecy"}),
        ("earthquakes", {"earthquake", "quake", "earth", "storm"}),
        ("cheap car insurance", {"cars", "price", "expensive", "auto"}),
    ],
)
def test_terms_that_the_text_does_not_hold_are_found(splade: str, text: str, related: set[str]) -> None:
    assert related <= SparseModel.load(splade).embed([text]).terms[0].keys()


def test_the_default_precision_keeps_the_heaviest_terms(splade: str) -> None:
    texts = ["how do vaccines work", "the boundary layer on a flat plate in supersonic flow"]
    exact = SparseModel.load(splade, precision="fp32").embed(texts).terms
    quick = SparseModel.load(splade).embed(texts).terms
    for one, other in zip(exact, quick, strict=True):
        assert len(set(list(one)[:10]) & set(list(other)[:10])) >= 9
