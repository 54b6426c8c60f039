import pytest

from headpond.errors import PipelineError
from tests.stages.chains import document, failure

TEXT = "The river turns the wheel. " * 10


def test_passages_carry_text_and_place() -> None:
    made = document([{"chunk": {"field": "body", "strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 0}}],
                    {"body": TEXT})  # fmt: skip
    assert len(made["passages"]) == 3
    for passage in made["passages"]:
        assert passage["text"] == TEXT[passage["start"] : passage["end"]]
        assert passage["text"].startswith("The river")


def test_a_text_is_one_passage_without_a_strategy() -> None:
    made = document([{"chunk": {"field": "body", "target_field": "p.list", "strategy": "none"}}], {"body": " a b "})
    assert made["p"]["list"] == [{"text": "a b", "start": 1, "end": 4}]


def test_words_may_overlap() -> None:
    options = {"field": "body", "strategy": "word", "max_chunk_size": 10, "overlap": 5}
    passages = document([{"chunk": options}], {"body": TEXT})["passages"]
    assert passages[0]["end"] > passages[1]["start"]


def test_a_blank_text_has_no_passages() -> None:
    assert document([{"chunk": {"field": "body"}}], {"body": "  "})["passages"] == []


def test_a_missing_text_fails_unless_it_may_be_missing() -> None:
    assert failure([{"chunk": {"field": "body"}}], {}) == "field [body] not present as part of path [body]"
    assert document([{"chunk": {"field": "body", "ignore_missing": True}}], {}) == {}


def test_options_of_another_strategy_are_refused() -> None:
    with pytest.raises(PipelineError, match="can not have the following settings"):
        document([{"chunk": {"field": "body", "strategy": "sentence", "max_chunk_size": 50, "overlap": 5}}], {})
