import pytest

from headpond.errors import PipelineError
from tests.stages.chains import document, failure, run


def test_a_value_is_written() -> None:
    assert document([{"set": {"field": "a.b", "value": 1}}], {}) == {"a": {"b": 1}}


def test_other_fields_stand_in_a_text() -> None:
    made = document([{"set": {"field": "text", "value": "{{title}}: {{{author.name}}}, {{ gone }}"}}],
                    {"title": "Mills", "author": {"name": "Ada"}})  # fmt: skip
    assert made["text"] == "Mills: Ada, "


def test_snippets_in_lists_and_objects_are_filled_in() -> None:
    made = document([{"set": {"field": "meta", "value": {"tags": ["{{a}}", 2]}}}], {"a": "x"})
    assert made["meta"] == {"tags": ["x", 2]}


def test_a_copy_keeps_its_type_and_is_its_own() -> None:
    given = {"a": {"n": [1, 2]}}
    made = document([{"set": {"field": "b", "copy_from": "a"}}, {"set": {"field": "b.n", "value": 0}}], given)
    assert made == {"a": {"n": [1, 2]}, "b": {"n": 0}}


def test_a_field_with_a_value_is_left_alone_without_override() -> None:
    processors = [{"set": {"field": "a", "value": 1, "override": False}}]
    assert document(processors, {"a": 0}) == {"a": 0}
    assert document(processors, {"a": None}) == {"a": 1}


def test_an_empty_value_can_be_passed_over() -> None:
    processors = [{"set": {"field": "a", "value": "{{b}}", "ignore_empty_value": True}}]
    assert document(processors, {"a": "old"}) == {"a": "old"}


def test_a_missing_field_cannot_be_copied() -> None:
    assert failure([{"set": {"field": "a", "copy_from": "b"}}], {}) == ("field [b] not present as part of path [b]")


def test_the_id_can_be_read_and_written() -> None:
    assert document([{"set": {"field": "key", "value": "{{_id}}"}}], {}) == {"key": "r0"}
    (record,) = run([{"set": {"field": "_id", "value": "x"}}], {"a": 1})
    assert (record.metadata["_id"], record.document) == ("x", {"a": 1})
    assert failure([{"set": {"field": "_id", "value": 1}}], {}) == (
        "_id [1] is wrong type, expected assignable to [java.lang.String], not [java.lang.Integer]"
    )


def test_value_and_copy_from_exclude_each_other() -> None:
    with pytest.raises(PipelineError, match=r"\[copy_from\] cannot set both `copy_from` and `value`"):
        document([{"set": {"field": "a", "value": 1, "copy_from": "b"}}], {})


def test_a_snippet_that_is_more_than_a_name_is_refused() -> None:
    with pytest.raises(PipelineError, match="is not supported"):
        document([{"set": {"field": "a", "value": "{{#each}}"}}], {})


def test_a_field_below_a_text_cannot_be_written() -> None:
    assert failure([{"set": {"field": "a.b", "value": 1}}], {"a": "x"}) == (
        "cannot set [b] with parent object of type [java.lang.String] as part of path [a.b]"
    )
