import numpy as np
import pytest

from headpond.errors import PipelineError
from tests.stages.chains import Lengths, document, failure, run, run_with

EMBED = {"inference": {"model_id": "e", "input_output": {"input_field": "body", "output_field": "vector"}}}


def test_a_text_gets_its_vector() -> None:
    made = document([EMBED], {"body": "two words"})
    np.testing.assert_array_equal(made["vector"], np.array([9, 2], np.float32))


def test_the_texts_of_all_records_and_fields_go_out_together() -> None:
    embedder = Lengths()
    pairs = [{"input_field": "a", "output_field": "va"}, {"input_field": "b", "output_field": "vb"}]
    run_with(embedder, [{"inference": {"model_id": "e", "input_output": pairs}}],
             {"a": "1", "b": "2"}, {"a": "3", "b": "4"})  # fmt: skip
    assert embedder.asked == [["1", "2", "3", "4"]]


def test_only_the_record_with_the_bad_text_fails() -> None:
    records = run([EMBED], {"body": "fine"}, {"body": "poison"}, {"body": "fine too"})
    assert [record.failure is None for record in records] == [True, False, True]
    assert records[1].failure is not None
    assert (records[1].failure.error, records[1].failure.attempts) == ("not to my taste", 3)
    assert records[1].failure.stage == "processors[0].inference"


def test_every_passage_of_a_list_gets_its_vector() -> None:
    pair = {"input_field": "passages.text", "output_field": "passages.vector"}
    made = document(
        [{"inference": {"model_id": "e", "input_output": pair}}],
        {"passages": [{"text": "a"}, {"text": "b c"}]},
    )
    assert [passage["vector"].tolist() for passage in made["passages"]] == [[1, 1], [3, 2]]


def test_the_output_of_a_list_must_lie_in_the_list() -> None:
    pair = {"input_field": "passages.text", "output_field": "vector"}
    error = failure([{"inference": {"model_id": "e", "input_output": pair}}], {"passages": [{"text": "a"}]})
    assert error == "[passages] is a list, so the output of [passages.text] must lie in it, not at [vector]"


@pytest.mark.parametrize("given", [{}, {"body": None}, {"body": "  "}])
def test_a_missing_input_may_be_passed_over(given: dict[str, object]) -> None:
    lenient = {"inference": {**EMBED["inference"], "ignore_missing": True}}
    assert "vector" not in document([lenient], given)


def test_a_missing_input_fails_the_record() -> None:
    assert failure([EMBED], {}) == "field [body] not present as part of path [body]"


def test_only_texts_are_embedded() -> None:
    assert failure([EMBED], {"body": ["a"]}) == (
        "field [body] of type [java.util.ArrayList] cannot be cast to [java.lang.String]"
    )


def test_elasticsearchs_older_options_are_refused_with_the_newer_one() -> None:
    with pytest.raises(PipelineError, match=r"\[field_map\] is not supported here: use input_output"):
        document([{"inference": {**EMBED["inference"], "field_map": {}}}], {})
