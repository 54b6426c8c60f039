import numpy as np
import orjson
import pytest

from headpond.errors import RestError
from headpond.inference.results import Ranked, Rerank, SparseEmbedding, SparseVector, TextEmbedding, Usage, rank

USAGE = Usage(1, 3)


def as_json(result: TextEmbedding | SparseEmbedding | Rerank) -> str:
    return orjson.dumps(result.to_json(), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def test_floats_print_with_the_digits_float32_has() -> None:
    vectors = np.array([[0.018569946, -0.036895752, 7.7057e-4, 1.0]], dtype=np.float32)
    assert as_json(TextEmbedding(vectors, USAGE)) == (
        '{"text_embedding":[{"embedding":[0.018569946,-0.036895752,0.00077057,1.0]}]}'
    )


def test_bytes_and_bits_have_keys_of_their_own() -> None:
    vectors = np.array([[23, -128, 127]], dtype=np.int8)
    assert as_json(TextEmbedding(vectors, USAGE, "byte")) == '{"text_embedding_bytes":[{"embedding":[23,-128,127]}]}'
    assert as_json(TextEmbedding(vectors, USAGE, "bit")) == '{"text_embedding_bits":[{"embedding":[23,-128,127]}]}'
    assert TextEmbedding(vectors, USAGE, "bit").dimensions == 24


def test_a_sparse_embedding_says_first_whether_it_was_truncated() -> None:
    result = SparseEmbedding((SparseVector({"port": 2.1259406, "sky": 1.7073475}),), USAGE)
    assert as_json(result) == (
        '{"sparse_embedding":[{"is_truncated":false,"embedding":{"port":2.1259406,"sky":1.7073475}}]}'
    )


def test_a_rerank_shows_numbers_and_texts_only_where_there_are_any() -> None:
    result = Rerank((Ranked(2, 0.011597361, "leia"), Ranked(1, 5.614787e-4)), USAGE)
    assert as_json(result) == (
        '{"rerank":[{"index":2,"relevance_score":0.011597361,"text":"leia"},{"index":1,"relevance_score":0.0005614787}]}'
    )


def test_ranking_is_by_score_and_ties_keep_the_documents_order() -> None:
    scores = np.array([1, 3, 1, 2], dtype=np.float32)
    result = rank(scores, ("a", "b", "c", "d"), top_n=3, with_text=True, usage=USAGE)
    assert [(item.index, item.text) for item in result.ranked] == [(1, "b"), (3, "d"), (0, "a")]


def test_more_wanted_than_there_are_gives_all() -> None:
    scores = np.array([1, 2], dtype=np.float32)
    assert len(rank(scores, ("a", "b"), top_n=9, with_text=False, usage=USAGE).ranked) == 2


def test_calls_are_joined_in_order_and_their_usage_added() -> None:
    one = TextEmbedding(np.ones((2, 3), dtype=np.float32), Usage(2, 5))
    two = TextEmbedding(np.zeros((1, 3), dtype=np.float32), Usage(1, 4))
    joined = TextEmbedding.joined([one, two])
    assert joined.vectors.tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert joined.usage == Usage(3, 9)


def test_tokens_are_unknown_as_soon_as_one_call_did_not_tell() -> None:
    assert Usage(1, 2) + Usage(1, None) == Usage(2, None)


def test_calls_with_vectors_of_different_lengths_are_refused() -> None:
    parts = [TextEmbedding(np.ones((1, n), dtype=np.float32), USAGE) for n in (3, 4)]
    with pytest.raises(RestError, match=r"different sizes \[3, 4\]"):
        TextEmbedding.joined(parts)
