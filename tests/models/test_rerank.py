from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headpond.models import CrossEncoder, DenseModel, LateInteraction
from headpond.models.adding import add
from headpond.models.rerank import PassageCache
from tests.models.tiny import hidden_state, linear, write_model

PASSAGES = ["the cat sat on the mat", "vaccines train the immune system", "", "a dog"]
QUERY = "how do vaccines work"


def test_maxsim_is_the_mean_over_query_tokens_of_the_best_cosine(tiny: str) -> None:
    dense = DenseModel.load(tiny)
    asked = dense.token_vectors([QUERY])[0]
    passages = dense.token_vectors(PASSAGES)
    expected = [float((asked @ p.T).max(axis=1).mean()) if len(p) else 0.0 for p in passages]
    np.testing.assert_allclose(LateInteraction(dense).score(QUERY, PASSAGES), expected, atol=2e-3)


def test_token_weights_move_the_score_towards_the_heavy_token(tiny: str) -> None:
    dense = DenseModel.load(tiny)
    asked = dense.token_vectors([QUERY])[0]
    heavy = dense.token_ids(QUERY)[2]
    passage = dense.token_vectors(PASSAGES[:1])[0]
    weights = dict.fromkeys(dense.token_ids(QUERY), 0.0) | {heavy: 5.0}
    scores = LateInteraction(dense).score(QUERY, PASSAGES[:1], token_weights=weights)
    np.testing.assert_allclose(scores, [(asked[2] @ passage.T).max()], atol=2e-3)


def test_a_cached_passage_scores_the_same(tiny: str) -> None:
    ranker = LateInteraction(DenseModel.load(tiny))
    first = ranker.score(QUERY, PASSAGES)
    np.testing.assert_array_equal(ranker.score(QUERY, PASSAGES), first)


def test_no_passages_give_no_scores(tiny: str) -> None:
    assert LateInteraction(DenseModel.load(tiny)).score(QUERY, []).shape == (0,)


def test_an_empty_query_scores_zero(tiny: str) -> None:
    assert LateInteraction(DenseModel.load(tiny)).score("", PASSAGES).tolist() == [0, 0, 0, 0]


def test_the_cache_lets_go_of_what_was_used_least_recently() -> None:
    cache = PassageCache(limit=3 * 8)
    for key in (b"a", b"b", b"c"):
        cache.put(key, np.zeros((2, 2), np.float16))
    cache.get(b"a")
    cache.put(b"d", np.zeros((2, 2), np.float16))
    assert [cache.get(key) is not None for key in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert cache.bytes == 24


def test_the_cache_never_holds_more_than_its_limit() -> None:
    cache = PassageCache(limit=10)
    cache.put(b"large", np.zeros((4, 4), np.float16))
    assert cache.get(b"large") is None
    assert cache.bytes == 0


def test_a_cross_encoder_reads_query_and_passage_together(home: Path, tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m", head="BertForSequenceClassification")
    add("cross", tmp_path / "m")
    scores = CrossEncoder.load("cross").score("a cat", ["dog", "the mat"])
    for score, ids, types in zip(
        scores, ([2, 6, 7, 3, 8, 3], [2, 6, 7, 3, 5, 11, 3]), ([0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1]), strict=True
    ):
        first = np.tanh(linear(weights, "pooler.dense", hidden_state(weights, ids, types)[0]))
        assert float(score) == pytest.approx(float(linear(weights, "classifier", first)[0]), abs=1e-4)
