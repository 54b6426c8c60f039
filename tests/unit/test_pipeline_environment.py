import pytest

from headpond.errors import PipelineError
from headpond.pipeline.environment import resolve
from headpond.stages.where import Where

WHERE = Where("p.yaml", {("endpoints",): 3, ("endpoints", "key"): 7}).at("endpoints")


def test_a_reference_is_replaced_by_its_value() -> None:
    resolved = resolve({"key": "Bearer ${KEY}", "n": 1, "list": ["${KEY}"]}, WHERE, {"KEY": "s3cret"})
    assert resolved.value == {"key": "Bearer s3cret", "n": 1, "list": ["s3cret"]}


def test_a_default_stands_in_for_an_unset_name() -> None:
    assert resolve("${URL:http://127.0.0.1:1/v1}", WHERE, {}).value == "http://127.0.0.1:1/v1"
    assert resolve("${URL:}", WHERE, {"URL": "x"}).value == "x"


def test_an_unset_name_is_said_with_its_line() -> None:
    with pytest.raises(PipelineError) as caught:
        resolve({"key": "${KEY}"}, WHERE, {})
    assert str(caught.value) == "p.yaml:7: the environment variable KEY is not set\n  export KEY=..."


def test_a_name_that_is_set_but_empty_is_said() -> None:
    with pytest.raises(PipelineError, match="the environment variable KEY is set, but empty"):
        resolve({"key": "${KEY}"}, WHERE, {"KEY": ""})


def test_a_text_that_holds_a_value_is_redacted() -> None:
    resolved = resolve({"key": "${KEY}"}, WHERE, {"KEY": "s3cret"})
    assert resolved.redact("bad key s3cret given") == "bad key ${KEY} given"
    assert "s3cret" not in repr(resolved).replace("'key': 's3cret'", "")
