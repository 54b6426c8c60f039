from __future__ import annotations

from pathlib import Path

import pytest

from headpond.models import SparseModel
from headpond.models.adding import add
from tests.models.tiny import VOCABULARY, write_model


@pytest.fixture
def model(home: Path, tmp_path: Path) -> SparseModel:
    write_model(tmp_path / "m", head="BertForMaskedLM")
    add("sparse", tmp_path / "m")
    return SparseModel.load("sparse", precision="fp32")


def test_terms_are_spelt_as_in_the_vocabulary_and_sorted_by_weight(model: SparseModel) -> None:
    terms = model.embed(["the cat sat"]).terms[0]
    assert terms.keys() <= set(VOCABULARY)
    assert list(terms.values()) == sorted(terms.values(), reverse=True)


def test_every_weight_is_above_zero(model: SparseModel) -> None:
    assert min(model.embed(["the cat sat"]).terms[0].values()) > 0


def test_only_the_heaviest_terms_are_kept_when_asked(model: SparseModel) -> None:
    all_terms = model.embed(["the cat sat"]).terms[0]
    assert list(model.embed(["the cat sat"], top=3).terms[0]) == list(all_terms)[:3]


def test_a_batch_gives_what_single_texts_give(model: SparseModel) -> None:
    texts = ["the cat sat on the mat", "dog", "how do vaccines work", ""]
    together = model.embed(texts)
    for place, text in enumerate(texts):
        assert together.terms[place] == pytest.approx(model.embed([text]).terms[0], abs=1e-5)


def test_truncation_is_reported(model: SparseModel) -> None:
    assert model.embed(["cat " * 50, "cat"]).truncated == [True, False]
