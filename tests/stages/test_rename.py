from tests.stages.chains import document, failure


def test_a_field_gets_another_name() -> None:
    assert document([{"rename": {"field": "a.b", "target_field": "c"}}], {"a": {"b": 1}}) == {"a": {}, "c": 1}


def test_a_missing_field_fails_unless_it_may_be_missing() -> None:
    assert failure([{"rename": {"field": "a", "target_field": "b"}}], {}) == "field [a] doesn't exist"
    assert document([{"rename": {"field": "a", "target_field": "b", "ignore_missing": True}}], {}) == {}


def test_a_name_that_is_taken_is_kept_unless_overridden() -> None:
    given = {"a": 1, "b": 2}
    assert failure([{"rename": {"field": "a", "target_field": "b"}}], given) == "field [b] already exists"
    assert document([{"rename": {"field": "a", "target_field": "b", "override": True}}], given) == {"b": 1}


def test_a_key_with_dots_is_not_found() -> None:
    assert failure([{"rename": {"field": "a.b", "target_field": "c"}}], {"a.b": 1}) == "field [a.b] doesn't exist"
