from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headpond.errors import RestError
from headpond.inference.boundaries import sentence_ends, word_ends
from headpond.inference.chunking import Chunking, parse_chunking

SIX_SENTENCES = " ".join(f"Sentence {name} has exactly six words." for name in "abcdef")


def chunks(chunking: Chunking, text: str) -> list[str]:
    return [text[start:end] for start, end in chunking.spans(text)]


def refused(body: dict[str, Any]) -> RestError:
    with pytest.raises(RestError) as caught:
        parse_chunking(body)
    return caught.value


@pytest.mark.parametrize("body", [None, {}])
def test_the_default_is_sentences_of_250_words(body: dict[str, Any] | None) -> None:
    assert parse_chunking(body).to_json() == {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"strategy": "none"}, {"strategy": "none"}),
        (
            {"strategy": "SENTENCE", "max_chunk_size": 20},
            {"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 1},
        ),
        (
            {"strategy": "word", "max_chunk_size": 300, "overlap": 150},
            {"strategy": "word", "max_chunk_size": 300, "overlap": 150},
        ),
        (
            {"strategy": "recursive", "max_chunk_size": 10},
            {"strategy": "recursive", "max_chunk_size": 10, "separators": [r"(?<!\n)\n\n(?!\n)", r"(?<!\n)\n(?!\n)"]},
        ),
        (
            {"strategy": "recursive", "max_chunk_size": 10, "separators": ["--"]},
            {"strategy": "recursive", "max_chunk_size": 10, "separators": ["--"]},
        ),
    ],
)
def test_settings_are_shown_complete(body: dict[str, Any], shown: dict[str, Any]) -> None:
    assert parse_chunking(body).to_json() == shown


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"max_chunk_size": 20}, "Can't generate Chunker without ChunkingStrategy provided"),
        ({"strategy": "foo"}, "Invalid chunkingStrategy foo"),
        (
            {"strategy": "sentence", "max_chunk_size": 20, "overlap": 1},
            "Validation Failed: 1: Sentence based chunking settings can not have the following settings: [overlap];",
        ),
        (
            {"strategy": "word", "max_chunk_size": 20, "sentence_overlap": 1},
            "Validation Failed: 1: Word based chunking settings can not have the following settings:"
            " [sentence_overlap];",
        ),
        (
            {"strategy": "sentence"},
            "Validation Failed: 1: [chunking_settings] does not contain the required setting [max_chunk_size];",
        ),
        (
            {"strategy": "sentence", "max_chunk_size": 10, "sentence_overlap": 2},
            "Validation Failed: 1: [chunking_settings] Invalid value [10]. [max_chunk_size] must be a greater than or"
            " equal to [20];2: sentence_overlap[2] must be either 0 or 1;",
        ),
        (
            {"strategy": "word", "max_chunk_size": 20, "overlap": 11},
            "Validation Failed: 1: [chunking_settings] Invalid value [11]. [overlap] must be a less than or equal to"
            " [10];",
        ),
        (
            {"strategy": "word"},
            "Validation Failed: 1: [chunking_settings] does not contain the required setting [max_chunk_size];"
            "2: [chunking_settings] does not contain the required setting [overlap];",
        ),
        (
            {"strategy": "recursive", "max_chunk_size": 10, "separators": ["a"], "separator_group": "markdown"},
            "Validation Failed: 1: Recursive chunking settings can not have both separators and separator_set;",
        ),
        (
            {"strategy": "recursive", "max_chunk_size": 10, "separators": []},
            "Validation Failed: 1: Recursive chunking settings can not have an empty list of separators;",
        ),
    ],
)
def test_wrong_settings_are_refused_in_elasticsearchs_words(body: dict[str, Any], reason: str) -> None:
    error = refused(body)
    assert (error.status, error.reason) == (400, reason)


def test_a_separator_that_is_no_pattern_is_named() -> None:
    error = refused({"strategy": "recursive", "max_chunk_size": 10, "separators": ["("]})
    assert "Invalid value [(]. [separators] must be regular expressions" in error.reason


def test_words_are_unicode_words() -> None:
    text = "Don't stop, 3.14! 你好"
    assert [text[:end].split()[-1] for end in word_ends(text)] == ["Don't", "stop", "3.14", "你", "你好"]


@given(st.text(st.sampled_from("abAB09__''..::,,;;  \n\r\t\x0b-/\"!?@#")))
def test_words_of_ascii_are_those_of_the_rules(text: str) -> None:
    assert word_ends(text) == word_ends(f"{text} é")[:-1]  # a text with another letter goes by the rules


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("It costs 3.50 dollars. Fine.", ["It costs 3.50 dollars. ", "Fine."]),
        ("See e.g. the U.S. rules. Next.", ["See e.g. the U.S. rules. ", "Next."]),
        ('He said "No." Then left.', ['He said "No." ', "Then left."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("line one\nline two", ["line one\n", "line two"]),
        ("What?! Really...", ["What?! ", "Really..."]),
        ("", [""]),
    ],
)
def test_sentences_end_where_unicode_says(text: str, sentences: list[str]) -> None:
    ends = sentence_ends(text)
    assert [text[start:end] for start, end in zip([0, *ends], ends, strict=False)] == sentences


def test_word_windows_overlap_by_the_words_asked_for() -> None:
    chunking = parse_chunking({"strategy": "word", "max_chunk_size": 10, "overlap": 2})
    text = " ".join(str(number) for number in range(1, 25))
    assert [chunk.split() for chunk in chunks(chunking, text)] == [
        [str(number) for number in range(first, last + 1)] for first, last in [(1, 10), (9, 18), (17, 24)]
    ]


def test_sentences_are_kept_whole_and_the_one_before_is_repeated() -> None:
    chunking = parse_chunking({"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 1})
    assert [chunk.strip() for chunk in chunks(chunking, SIX_SENTENCES)] == [
        " ".join(f"Sentence {name} has exactly six words." for name in names) for names in ("abc", "cde", "ef")
    ]


def test_sentences_without_overlap_do_not_repeat() -> None:
    chunking = parse_chunking({"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 0})
    assert "".join(chunks(chunking, SIX_SENTENCES)) == SIX_SENTENCES
    assert len(chunks(chunking, SIX_SENTENCES)) == 2


def test_a_sentence_that_is_too_long_is_cut_at_words() -> None:
    chunking = parse_chunking({"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 0})
    text = "Short one. " + " ".join(f"W{number}" for number in range(50)) + ". End."
    assert [len(word_ends(chunk)) for chunk in chunks(chunking, text)] == [2, 20, 20, 11]


def test_markdown_is_cut_at_its_headings() -> None:
    chunking = parse_chunking({"strategy": "recursive", "max_chunk_size": 10, "separator_group": "markdown"})
    text = "# Title\nsome words here\n# Second\nmore words are here\n## Part\nand these few words too"
    assert [chunk.strip().splitlines()[0] for chunk in chunks(chunking, text)] == ["# Title", "# Second", "## Part"]


STRATEGIES = [
    {"strategy": "none"},
    {"strategy": "word", "max_chunk_size": 10, "overlap": 3},
    {"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 0},
    {"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 1},
    {"strategy": "recursive", "max_chunk_size": 10},
    {"strategy": "recursive", "max_chunk_size": 10, "separator_group": "markdown"},
]
TEXTS = st.text(alphabet="ab1 .,!\n#-你\u00e9'\u2028", max_size=400)


@pytest.mark.parametrize("body", STRATEGIES, ids=lambda body: "-".join(map(str, body.values())))
@given(text=TEXTS)
def test_chunks_cover_the_text_in_order_and_keep_their_size(body: dict[str, Any], text: str) -> None:
    spans = parse_chunking(body).spans(text)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(following[0] <= span[1] for span, following in pairwise(spans))
    assert all(following > span for span, following in pairwise(spans))
    limit = body.get("max_chunk_size")
    if limit is not None:
        words = word_ends(text)
        assert all(sum(start < end <= stop for end in words) <= limit for start, stop in spans)
