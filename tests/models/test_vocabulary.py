"""Tokenizers made from an uploaded vocabulary; the ids are those that transformers' own tokenizers give."""

from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import InputError, ModelError
from headpond.models.vocabulary import Tokenization, UploadedTokenizer, Vocabulary
from tests.models.tiny import VOCABULARY

BERT = Vocabulary(tuple(VOCABULARY))
BPE = Vocabulary(
    ("<s>", "<pad>", "</s>", "<unk>", "a", "c", "t", "Ġ", "at", "Ġc", "Ġcat", "<mask>"), ("a t", "Ġ c", "Ġc at")
)
PIECES = (
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -2.0),
    ("▁cat", -3.0),
    ("s", -4.0),
    ("▁a", -3.0),
)
XLM = Vocabulary(tuple(piece for piece, _ in PIECES), (), tuple(score for _, score in PIECES))
DEBERTA = Vocabulary(
    ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "▁cat", "s", "▁a", "<0x00>", "<0xC3>", "<0xA9>", "▁"),
    (),
    (0.0, 0.0, 0.0, 0.0, -3.0, -4.0, -3.0, 0.0, 0.0, 0.0, -5.0),
)
MPNET = Vocabulary(("<s>", "<pad>", "</s>", "[UNK]", "a", "cat", "<mask>"))


def ids(tokenization: Tokenization, vocabulary: Vocabulary, *texts: str) -> list[list[int]]:
    return [encoded.ids for encoded in UploadedTokenizer(tokenization, vocabulary).encode(texts)]


def test_bert_lower_cases_only_when_told() -> None:
    assert ids(Tokenization("bert", do_lower_case=True), BERT, "A Cat sorted", "é") == [[2, 6, 7, 22, 23, 3], [2, 1, 3]]
    assert ids(Tokenization("bert"), BERT, "A cat") == [[2, 1, 7, 3]]


def test_bert_tells_the_segments_of_a_pair_apart() -> None:
    (pair,) = UploadedTokenizer(Tokenization("bert"), BERT).encode_pairs("a cat", ["dog"])
    assert (pair.ids, pair.types) == ([2, 6, 7, 3, 8, 3], [0, 0, 0, 0, 1, 1])


def test_the_mask_in_a_text_stays_whole_and_other_special_tokens_do_not() -> None:
    (given,) = ids(Tokenization("bert"), BERT, "cat [MASK] [SEP]")
    assert given == [2, 7, 4, 1, 1, 1, 3]


def test_mpnet_has_robertas_special_tokens_and_berts_words() -> None:
    made = UploadedTokenizer(Tokenization("mpnet", do_lower_case=True), MPNET)
    assert made.encode(["A cat dog"])[0].ids == [0, 4, 5, 3, 2]
    assert made.encode_pairs("a", ["cat"])[0].ids == [0, 4, 2, 2, 5, 2]


def test_roberta_merges_bytes_and_puts_a_blank_first_when_told() -> None:
    assert ids(Tokenization("roberta"), BPE, "cat cat") == [[0, 5, 8, 10, 2]]
    assert ids(Tokenization("roberta", add_prefix_space=True), BPE, "cat cat") == [[0, 10, 10, 2]]


def test_xlm_roberta_takes_the_likeliest_pieces_of_each_word() -> None:
    made = UploadedTokenizer(Tokenization("xlm_roberta"), XLM)
    assert made.encode(["  a  cats ﬁ"])[0].ids == [0, 7, 5, 6, 4, 3, 2]
    assert made.encode_pairs("a", ["cat"])[0].ids == [0, 7, 2, 2, 5, 2]


def test_deberta_falls_back_to_bytes() -> None:
    assert ids(Tokenization("deberta_v2"), DEBERTA, "a cats é") == [[1, 6, 4, 5, 10, 8, 9, 2]]


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_special_tokens_can_be_left_out(kind: str) -> None:
    vocabulary = BERT if kind == "bert" else MPNET
    made = UploadedTokenizer(Tokenization(kind, with_special_tokens=False), vocabulary)
    assert made.encode(["a cat"])[0].ids == [vocabulary.tokens.index("a"), vocabulary.tokens.index("cat")]


def test_a_long_text_is_cut_and_said_to_be() -> None:
    made = UploadedTokenizer(Tokenization("bert", max_sequence_length=5), BERT)
    assert [(len(text.ids), text.truncated) for text in made.encode(["a cat sat on the mat", "a cat sat"])] == [
        (5, True),
        (5, False),
    ]


def test_the_prefix_counts_towards_the_maximum() -> None:
    made = UploadedTokenizer(Tokenization("bert", max_sequence_length=5), BERT)
    (text,) = made.encode(["a cat"], "query : ")
    assert (text.ids, text.truncated) == ([2, 19, 20, 6, 3], True)


def test_of_a_pair_the_text_is_cut_that_is_to_be() -> None:
    made = UploadedTokenizer(Tokenization("bert", max_sequence_length=7, truncate="second"), BERT)
    (pair,) = made.encode_pairs("a cat", ["the dog sat on"])
    assert (pair.ids, pair.truncated) == ([2, 6, 7, 3, 5, 8, 3], True)
    (pair,) = made.encode_pairs("the cat sat on", ["a dog"], truncate="first")
    assert pair.ids == [2, 5, 7, 3, 6, 8, 3]


def test_what_may_not_be_cut_is_refused() -> None:
    made = UploadedTokenizer(Tokenization("bert", max_sequence_length=4, truncate="none"), BERT)
    with pytest.raises(InputError) as caught:
        made.encode(["a cat sat"])
    assert str(caught.value) == (
        "Input too large. The tokenized input length [5] exceeds the maximum sequence length [4]"
    )
    with pytest.raises(InputError, match=r"One of the two texts alone exceeds the maximum sequence length \[4\]"):
        made.encode_pairs("a cat sat on the mat", ["dog"], truncate="second")


@pytest.mark.parametrize(
    ("tokenization", "vocabulary", "problem"),
    [
        (Tokenization("bert_ja"), BERT, "the tokenization [bert_ja] is not implemented by headpond"),
        (Tokenization("bert", truncate="none", span=8), BERT, "windows over long texts"),
        (
            Tokenization("bert"),
            Vocabulary(("a", "[CLS]", "[SEP]")),
            "stored vocabulary is missing required [[UNK]] token",
        ),
        (
            Tokenization("bert"),
            Vocabulary(("a", "[UNK]", "[SEP]")),
            "stored vocabulary is missing required [[CLS]] token",
        ),
        (
            Tokenization("roberta"),
            Vocabulary(("<s>", "</s>", "<unk>", "a"), ("a b",)),
            "no [roberta] tokenizer can be made of the vocabulary",
        ),
    ],
)
def test_what_cannot_be_made_is_named(tokenization: Tokenization, vocabulary: Vocabulary, problem: Any) -> None:
    with pytest.raises(ModelError) as caught:
        UploadedTokenizer(tokenization, vocabulary)
    assert problem in caught.value.message
