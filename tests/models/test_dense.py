from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headpond.errors import InputError, ModelError, UnknownNameError
from headpond.models import DenseModel
from headpond.models.adding import add
from headpond.models.card import Prefixes
from headpond.models.session import default_threads
from tests.models.tiny import hidden_state, unit, write_model

TEXTS = ["the cat sat on the mat", "a dog", "how do vaccines work", "", "the dog sat . the cat sat . a cat"]


def test_vectors_come_back_in_the_order_of_the_texts(tiny: str) -> None:
    model = DenseModel.load(tiny, threads=2)
    together = model.embed(TEXTS).vectors
    alone = np.concatenate([model.embed([text]).vectors for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_vector_is_the_mean_of_berts_tokens(home: Path, tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m")
    add("own", tmp_path / "m")
    vector = DenseModel.load("own").embed(["a cat sat"]).vectors[0]
    np.testing.assert_allclose(vector, unit(hidden_state(weights, [2, 6, 7, 9, 3]).mean(axis=0)), atol=2e-5)


def test_every_vector_has_length_one(tiny: str) -> None:
    np.testing.assert_allclose(np.linalg.norm(DenseModel.load(tiny).embed(TEXTS).vectors, axis=1), 1, atol=1e-5)


def test_tokens_are_counted_with_the_special_ones(tiny: str) -> None:
    assert DenseModel.load(tiny).embed(["a cat", ""]).tokens == [4, 2]


def test_a_text_beyond_the_models_maximum_is_cut_and_said_to_be(tiny: str) -> None:
    embedded = DenseModel.load(tiny).embed(["cat " * 40, "cat " * 30, "cat " * 31])
    assert embedded.truncated == [True, False, True]
    assert embedded.tokens == [32, 32, 32]


def test_the_cut_and_padding_baked_into_a_tokenizer_do_not_count(tiny: str) -> None:
    embedded = DenseModel.load(tiny).embed(["the cat sat on the mat . the dog sat on the mat .", "a"])
    assert embedded.tokens == [16, 3]


def test_no_texts_give_no_vectors(tiny: str) -> None:
    assert DenseModel.load(tiny).embed([]).vectors.shape == (0, 16)


def test_lone_surrogates_do_not_stop_a_batch(tiny: str) -> None:
    assert DenseModel.load(tiny).embed(["a \ud800 cat", "a cat"]).tokens[1] == 4


def test_token_vectors_leave_special_tokens_and_prefix_out(home: Path, tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m")
    add("own", tmp_path / "m", prefixes=Prefixes(search="query: "))
    (vectors,) = DenseModel.load("own").token_vectors(["a cat"], "search")
    # [CLS] query : a cat [SEP]
    expected = unit(hidden_state(weights, [2, 19, 20, 6, 7, 3]))[3:5]
    np.testing.assert_allclose(vectors, expected, atol=2e-5)


def test_an_empty_text_has_no_token_vectors(tiny: str) -> None:
    assert DenseModel.load(tiny).token_vectors([""])[0].shape == (0, 16)


def test_the_input_type_decides_the_prefix(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    add("own", tmp_path / "m", prefixes=Prefixes(ingest="passage: ", search="query: "))
    model = DenseModel.load("own")
    for kind, text in (("ingest", "passage: a cat"), ("search", "query: a cat"), (None, "a cat")):
        np.testing.assert_allclose(model.embed(["a cat"], kind).vectors, model.embed([text]).vectors, atol=1e-5)


def test_a_model_serves_its_own_task_only(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m", head="BertForMaskedLM")
    add("own", tmp_path / "m")
    with pytest.raises(ModelError, match="own is a sparse_embedding model, it cannot serve text_embedding"):
        DenseModel.load("own")


def test_a_model_that_is_not_here_says_how_to_get_it(home: Path) -> None:
    with pytest.raises(ModelError) as caught:
        DenseModel.load("all-minilm-l6-v2")
    assert caught.value.hint == "headpond models pull all-minilm-l6-v2"


def test_a_misspelt_model_is_answered_with_the_nearest_name(home: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'all-minilm-l6-v2'"):
        DenseModel.load("all-minilm-l6-v3x")


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADPOND_THREADS", "1")
    assert default_threads() == 1


@pytest.mark.parametrize("value", ["0", "-2", "many"])
def test_a_thread_count_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HEADPOND_THREADS", value)
    with pytest.raises(InputError, match=f"HEADPOND_THREADS is '{value}'"):
        default_threads()
