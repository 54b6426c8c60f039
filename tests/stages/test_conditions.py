"""What of Painless is refused, by name and place; what is understood is compared with Painless in own_processors."""

from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import PipelineError
from tests.stages.chains import document, run


def met(condition: Any, given: dict[str, Any]) -> bool:
    return "met" in document([{"set": {"field": "met", "value": True, "if": condition}}], given)


REFUSED = {
    "def x = 1; return true": "'def' at character 1 is not known here",
    "if (ctx.a == 1) return true": "'if' at character 1 is not known here",
    "for (t in ctx.tags) { return true }": "'for' at character 1 is not known here",
    "ctx.a = 1": "'=' at character 7 is not supported here",
    "ctx.a + 1 == 2": r"'\+' at character 7 is not supported here",
    "ctx.a & ctx.b": "'&' at character 7 is not supported here",
    "(int) ctx.a == 1": "'int' at character 2 is not known here",
    "ctx.tags.stream().anyMatch(t -> t == 'x')": "the method 'stream' at character 10 is not known here",
    "ctx.tags.contain('x')": "the method 'contain' at character 10 is not known here, did you mean 'contains'",
    "ctx.a instanceof Strin": "the type 'Strin' at character 18 is not known here, did you mean 'String'",
    "ctx.a instanceof ArrayList": "the type 'ArrayList' at character 18 is not known here",
    "a == 1": "'a' at character 1 is not known here, only ctx and params are",
    "ctx.a == [1, 2]": "'==' at character 7 does not compare lists",
    "ctx.a === 'x'": "'===' at character 7 is known for null only, use '=='",
    "ctx.a == 2147483648": "2147483648 is no int; a long is written 2147483648L",
    r"ctx.a == 'a\nb'": "is no escape",
    "ctx.a =~ 'x'": "a regular expression /.../ is needed at character 10",
    "ctx.a =~ /(/": "the regular expression at character 10",
    "ctx.a == 'x": "begins nothing that is known here",
    "ctx.a ==": "it ends too early",
    "(ctx.a == 1": "is needed at character 12, not the end",
    "ctx.a in ['x']": "'in' at character 7 is not supported here",
    "": "it ends too early",
    "!" * 200 + "ctx.a": "nested too deep",
}


@pytest.mark.parametrize(("condition", "message"), REFUSED.items(), ids=[text[:40] or "empty" for text in REFUSED])
def test_the_rest_of_painless_is_refused_by_name_and_place(condition: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message) as caught:
        met(condition, {})
    assert "supported are ctx and params with their members" in str(caught.value)


def test_a_script_object_may_have_parameters() -> None:
    condition = {
        "source": "ctx.n > params.least && params.names.contains(ctx.name)",
        "params": {"least": 2, "names": ["x"]},
    }
    assert met(condition, {"n": 3, "name": "x"})
    assert not met(condition, {"n": 3, "name": "y"})


def test_a_stored_script_is_refused() -> None:
    with pytest.raises(PipelineError, match="stored script"):
        met({"id": "mine"}, {})


def test_a_condition_that_cannot_be_told_fails_the_record_and_no_other() -> None:
    good, bad = run([{"set": {"field": "met", "value": True, "if": "ctx.a.b == 1"}}], {"a": {"b": 1}}, {})
    assert good.document["met"]
    assert bad.failure is not None
    assert bad.failure.cause is not None
    assert bad.failure.cause.type == "script_exception"
    assert bad.failure.root_message == "cannot access method/field [b] from a null def reference"


def test_the_same_condition_is_null_safe_with_a_question_mark() -> None:
    assert not met("ctx.a?.b == 1", {})


def test_a_failing_condition_is_handled_by_the_pipelines_handler_not_by_the_processors() -> None:
    ignoring = {"set": {"field": "met", "value": True, "if": "ctx.a.b == 1", "ignore_failure": True}}
    (record,) = run([ignoring], {})
    assert record.failure is not None
    assert (record.failure.stage, record.failure.processor) == ("processors[0].set.if", "conditional")
