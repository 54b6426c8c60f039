"""The default dense model with its real weights."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from headpond.models import DenseModel, LateInteraction

pytestmark = pytest.mark.models

# The weather sentences and their values stand in the quickstart of sentence-transformers; the others were read off the
# float32 graph, which agrees with the published ONNX file of the model to seven digits.
PAIRS = [
    ("The weather is lovely today.", "It's so sunny outside!", 0.6660),
    ("The weather is lovely today.", "He drove to the stadium.", 0.1046),
    ("how do vaccines work", "Vaccines train the immune system to recognise pathogens.", 0.7467),
    ("how do vaccines work", "The cat sat on the mat.", 0.1355),
    ("sort a list in python", "list.sort(key=None, reverse=False) sorts the list in place", 0.7331),
]
TEXTS = [text for first, second, _ in PAIRS for text in (first, second)] + ["word " * 300, "a"]


@pytest.mark.parametrize(("first", "second", "expected"), PAIRS)
def test_float32_gives_the_published_similarities(minilm: str, first: str, second: str, expected: float) -> None:
    one, other = DenseModel.load(minilm, precision="fp32").embed([first, second]).vectors
    assert float(one @ other) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(("first", "second", "expected"), PAIRS)
def test_int8_similarities_stay_near(minilm: str, first: str, second: str, expected: float) -> None:
    one, other = DenseModel.load(minilm, precision="int8").embed([first, second]).vectors
    assert float(one @ other) == pytest.approx(expected, abs=0.05)


def test_int8_vectors_point_where_float32_vectors_point(minilm: str) -> None:
    exact = DenseModel.load(minilm, precision="fp32").embed(TEXTS).vectors
    quick = DenseModel.load(minilm, precision="int8").embed(TEXTS).vectors
    cosines = (exact * quick).sum(axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.98


def test_float32_does_not_depend_on_the_batch(minilm: str) -> None:
    model = DenseModel.load(minilm, precision="fp32", threads=2)
    alone = np.concatenate([model.embed([text]).vectors for text in TEXTS])
    np.testing.assert_allclose(model.embed(TEXTS).vectors, alone, atol=1e-5)


def test_int8_hardly_depends_on_the_batch(minilm: str) -> None:
    model = DenseModel.load(minilm, precision="int8", threads=2)
    alone = np.concatenate([model.embed([text]).vectors for text in TEXTS])
    assert (model.embed(TEXTS).vectors * alone).sum(axis=1).min() > 0.98


def test_256_tokens_are_read_and_no_more(minilm: str) -> None:
    embedded = DenseModel.load(minilm).embed(["word " * 254, "word " * 255])
    assert embedded.tokens == [256, 256]
    assert embedded.truncated == [False, True]


def test_several_threads_of_the_caller_get_their_own_answers(minilm: str) -> None:
    model = DenseModel.load(minilm, precision="fp32")
    expected = [model.embed([text]).vectors[0] for text in TEXTS]
    found: dict[int, np.ndarray] = {}

    def ask(place: int) -> None:
        found[place] = model.embed([TEXTS[place]]).vectors[0]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(TEXTS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose([found[place] for place in range(len(TEXTS))], expected, atol=1e-5)


def test_late_interaction_puts_the_passage_that_answers_first(minilm: str) -> None:
    scores = LateInteraction.load(minilm).score("how do vaccines work", [second for _, second, _ in PAIRS])
    assert int(scores.argmax()) == 2
    assert float(scores[2]) == pytest.approx(0.71, abs=0.03)
