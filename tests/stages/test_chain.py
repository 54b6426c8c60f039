import pytest

from headpond.errors import PipelineError
from headpond.stages.ingest import PROCESSORS
from tests.stages.chains import document, failure, run


def test_every_processor_documents_its_options() -> None:
    for name in PROCESSORS:
        for option, field in PROCESSORS.get(name).Spec.model_fields.items():
            assert field.description, f"{name}.{option}"


def test_a_failed_record_is_passed_over_by_the_rest() -> None:
    (record,) = run([{"remove": {"field": "a"}}, {"set": {"field": "b", "value": 1}}], {})
    assert record.document == {}
    assert record.failure is not None
    assert record.failure.stage == "processors[0].remove"


def test_a_failure_can_be_ignored() -> None:
    made = document([{"remove": {"field": "a", "ignore_failure": True}}, {"set": {"field": "b", "value": 1}}], {})
    assert made == {"b": 1}


def test_a_failure_can_be_handled_and_the_record_goes_on() -> None:
    handler = {
        "set": {"field": "error", "value": "{{_ingest.on_failure_processor_type}}: {{_ingest.on_failure_message}}"}
    }
    made = document([{"remove": {"field": "a", "on_failure": [handler]}}, {"set": {"field": "b", "value": 1}}], {})
    assert made == {"error": "remove: field [a] not present as part of path [a]", "b": 1}


def test_a_failure_of_the_handler_fails_the_record() -> None:
    assert failure([{"remove": {"field": "a", "on_failure": [{"remove": {"field": "b"}}]}}], {}) == (
        "field [b] not present as part of path [b]"
    )


CONDITIONS = [
    ("ctx.a == 'x'", {"a": "x"}, True),
    ("ctx.a == 'x'", {}, False),
    ("ctx.a != 'x'", {}, True),
    ("ctx.a == null", {}, True),
    ("ctx?.a?.b == 3", {"a": {"b": 3}}, True),
    ("ctx.a == 1", {"a": True}, False),
    ("ctx.a == true", {"a": 1}, False),
    ("ctx.containsKey('a')", {"a": None}, True),
    ("!ctx.containsKey('a')", {"a": None}, False),
    ("ctx.a", {"a": True}, True),
    ("!ctx.a", {"a": False}, True),
    ("ctx.a == 'x' && ctx.b == 'y'", {"a": "x", "b": "y"}, True),
    ("ctx.a == 'x' && ctx.b == 'y'", {"a": "x"}, False),
    ("ctx.a == 'x' || ctx.b == 'y'", {"b": "y"}, True),
]


@pytest.mark.parametrize(("condition", "given", "met"), CONDITIONS)
def test_conditions_choose_records(condition: str, given: dict[str, object], met: bool) -> None:
    made = document([{"set": {"field": "met", "value": True, "if": condition}}], given)
    assert ("met" in made) is met


def test_an_unknown_processor_is_answered_with_the_nearest() -> None:
    with pytest.raises(PipelineError, match="unknown processor 'inferense', did you mean 'inference'"):
        document([{"inferense": {}}], {})


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(PipelineError, match="unknown key 'feld', did you mean 'field'"):
        document([{"set": {"feld": "a", "value": 1}}], {})


def test_an_item_with_two_names_is_refused() -> None:
    with pytest.raises(PipelineError, match="a processor is one name with its options"):
        document([{"set": {}, "drop": {}}], {})
