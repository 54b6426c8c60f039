"""`chunk` by a model's own tokens: places, overlaps, the model's limit, and what a model would cut."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st

from headpond.connect import connect
from headpond.errors import ModelError, PipelineError, UnknownNameError
from headpond.models.adding import add
from headpond.models.token_spans import TokenSpans
from headpond.pipeline import Pipeline
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from headpond.stages.chain import Chain
from headpond.stages.ingest.base import Context
from headpond.stages.record import Record
from headpond.stages.token_windows import windows
from headpond.stages.where import Where
from tests.models.tiny import write_model
from tests.pipeline.pipelines import fake
from tests.stages.chains import Lengths

# The tiny model reads 32 tokens, two of them its own. `sorted` is two of its tokens, all other words here are one.
WORDS = "the cat sat on the mat . how do vaccines train the immune system ? a dog sorted one passage , two words"
TEXT = " ".join([WORDS] * 8)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A name of its own, so that no tokenizer of another test is taken for it."""
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HEADPOND_MODELS_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model")
    return add(f"tiny-{tmp_path.name}", tmp_path / "model").name


def run(options: dict[str, Any], *texts: str) -> tuple[list[list[dict[str, Any]]], Counter[str]]:
    """The passages of texts, and what was counted."""
    counts: Counter[str] = Counter()

    def count(name: str, amount: int) -> None:
        counts[name] += amount

    records = [Record({"body": text}, id=str(place)) for place, text in enumerate(texts)]
    chain = Chain.build([{"chunk": {"field": "body", **options}}], Where("test.yaml").at("processors"))
    chain.run(records, Context(Lengths(), tokens=TokenSpans, count=count))
    assert [record.failure for record in records] == [None] * len(records)
    return [record.document["passages"] for record in records], counts


@pytest.mark.parametrize("size", [None, 8, 13, 30, 500])
def test_passages_hold_as_many_tokens_as_the_model_reads_and_no_more(model: str, size: int | None) -> None:
    options = {"strategy": "tokens", "model": model, **({"max_chunk_size": size} if size else {})}
    (passages,), counts = run(options, TEXT)
    tokens = TokenSpans(model)
    assert tokens.most == 30
    held = [len(spans) for spans in tokens.spans([passage["text"] for passage in passages])]
    most = min(size or 30, 30)
    assert max(held) <= most
    # No passage but the last leaves room for another word, of which the longest has two tokens.
    assert all(number >= most - 1 for number in held[:-1])
    assert sum(held) == len(tokens.spans([TEXT])[0])
    assert counts["cut_inputs"] == 0


def test_places_are_those_in_the_text(model: str) -> None:
    text = "  The  CAT\tsat\n\non the mat.   Ünknown wörds — and 漢字 too, sorted!  " * 5
    (passages, empty), _ = run({"strategy": "tokens", "model": model, "max_chunk_size": 8}, text, " \n ")
    assert empty == []
    for passage in passages:
        assert passage["text"] == text[passage["start"] : passage["end"]]
        assert passage["text"] == passage["text"].strip()
    between = [text[one["end"] : other["start"]] for one, other in itertools.pairwise(passages)]
    assert all(not part.strip() for part in (*between, text[: passages[0]["start"]], text[passages[-1]["end"] :]))


@pytest.mark.parametrize("overlap", [1, 3, 6, 50])
def test_neighbours_share_whole_words(model: str, overlap: int) -> None:
    options = {"strategy": "tokens", "model": model, "max_chunk_size": 12, "overlap": overlap}
    (passages,), _ = run(options, TEXT)
    tokens = TokenSpans(model)
    shared = [TEXT[other["start"] : one["end"]] for one, other in itertools.pairwise(passages)]
    held = [len(spans) for spans in tokens.spans(shared)]
    assert max(held) == min(overlap, 6)
    assert all(number >= min(overlap, 6) - 1 for number in held)
    assert set(" ".join(shared).split()) <= set(WORDS.split())


def test_another_strategy_says_how_many_passages_the_model_cuts(model: str) -> None:
    options = {"strategy": "word", "model": model, "max_chunk_size": 60, "overlap": 1}
    (passages, short), counts = run(options, TEXT, "the cat")
    longer = [passage for passage in passages if len(TokenSpans(model).spans([passage["text"]])[0]) > 30]
    assert counts["cut_inputs"] == len(longer) > 1
    assert len(short) == 1
    _, counts = run({**options, "max_chunk_size": 10}, TEXT, "the cat")
    assert counts["cut_inputs"] == 0


def test_the_report_of_a_job_says_it(model: str) -> None:
    def pipeline(client: Elasticsearch, **options: Any) -> Pipeline:
        chunk = {"field": "body", "model": model, **options}
        pair = {"input_field": "passages.text", "output_field": "passages.vector"}
        given = {
            "endpoints": {"e": fake("text_embedding", dimensions=4)},
            "index": {"name": "things"},
            "processors": [{"chunk": chunk}, {"inference": {"model_id": "e", "input_output": pair}}],
        }  # fmt: skip
        return Pipeline(from_dict(given, name="cut"), client)

    records = [{"_id": str(place), "body": f"{TEXT} {place}"} for place in range(5)]
    with connect("memory") as client:
        settings = JobSettings(use_cache=False)
        whole = pipeline(client, strategy="none").ingest(records, index="whole", settings=settings)
        assert (whole.indexed, whole.cut_inputs, whole.to_json()["cut_inputs"]) == (5, 5, 5)
        fitting = pipeline(client, strategy="tokens").ingest(records, index="fitting", settings=settings)
        assert (fitting.indexed, fitting.cut_inputs) == (5, 0)
        found = client.get(index="fitting", id="0", source_exclude_vectors=False)["_source"]["passages"]
        assert len(found) > 5
        assert all(len(passage["vector"]) == 4 for passage in found)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, r"model.*the strategy \[tokens\] needs it"),
        ({"model": "m", "max_chunk_size": 7}, r"max_chunk_size.*must be 8 tokens or more"),
        ({"model": "m", "sentence_overlap": 1}, r"sentence_overlap.*has no such setting"),
        ({"model": "m", "separators": ["a"]}, r"separators.*has no such setting"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(PipelineError, match=reason):
        run({"strategy": "tokens", **options}, "a")


def test_a_model_that_is_not_at_hand_ends_the_job_with_how_to_get_it(model: str) -> None:
    with pytest.raises(ModelError, match=r"bge-small-en-v1\.5") as caught:
        run({"strategy": "tokens", "model": "bge-small-en-v1.5"}, "a")
    assert "headpond models pull bge-small-en-v1.5" in str(caught.value)
    with pytest.raises(UnknownNameError, match="unknown model 'tiny-nobody'"):
        run({"strategy": "tokens", "model": "tiny-nobody"}, "a")


def spans(lengths: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """A text of tokens with so many letters, each after so many blanks."""
    text, found = "", []
    for letters, blanks in lengths:
        text += " " * blanks
        found.append((len(text), len(text) + letters))
        text += "x" * letters
    return text, found


def test_a_window_that_the_next_word_does_not_fit_into_repeats_less() -> None:
    text, tokens = "x xxxx xxxxx", [(place, place + 1) for place, letter in enumerate("x xxxx xxxxx") if letter == "x"]
    assert windows(text, tokens, 8, 4) == [(0, 6), (7, 12)]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2)), max_size=60), st.integers(8, 20), st.integers(0, 10))
def test_windows_cover_every_token_in_order_and_break_no_word_that_fits(
    lengths: list[tuple[int, int]], size: int, overlap: int
) -> None:
    text, tokens = spans(lengths)
    starts = {start: place for place, (start, _) in enumerate(tokens)}
    ends = {end: place for place, (_, end) in enumerate(tokens)}
    made = [(starts[start], ends[end]) for start, end in windows(text, tokens, size, min(overlap, size // 2))]
    assert {place for first, last in made for place in range(first, last + 1)} == set(range(len(tokens)))
    assert all(last - first + 1 <= size for first, last in made)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in itertools.pairwise(made))
    for first, last in made[:-1]:
        whole_word = last + 1 < len(tokens) and tokens[last + 1][0] > tokens[last][1]
        begins = all(tokens[place][0] == tokens[place - 1][1] for place in range(first + 1, last + 1))
        assert whole_word or begins, "a word is cut only where it is longer than a window"
