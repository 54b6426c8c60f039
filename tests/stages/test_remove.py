import pytest

from headpond.errors import PipelineError
from tests.stages.chains import document, failure


def test_fields_are_taken_out() -> None:
    assert document([{"remove": {"field": ["a", "b.c"]}}], {"a": 1, "b": {"c": 2, "d": 3}}) == {"b": {"d": 3}}


def test_one_field_needs_no_list() -> None:
    assert document([{"remove": {"field": "a"}}], {"a": 1, "b": 2}) == {"b": 2}


def test_everything_but_the_kept_fields_goes() -> None:
    assert document([{"remove": {"keep": ["a", "b.c"]}}], {"a": 1, "b": {"c": 2, "d": 3}, "e": 4}) == {
        "a": 1,
        "b": {"c": 2},
    }


def test_a_missing_field_fails_unless_it_may_be_missing() -> None:
    assert failure([{"remove": {"field": "a"}}], {}) == "field [a] not present as part of path [a]"
    assert document([{"remove": {"field": "a", "ignore_missing": True}}], {}) == {}


def test_field_and_keep_exclude_each_other() -> None:
    with pytest.raises(PipelineError, match=r"\[keep\] and \[field\] cannot both be used"):
        document([{"remove": {"field": "a", "keep": "b"}}], {})
