from __future__ import annotations

import pytest

from headpond.pipeline import identity
from headpond.stages.record import Record


def named(document: dict[str, object], pipeline: bytes = b"p", id_field: str | None = None) -> Record:
    record = Record(dict(document))
    identity.name(record, pipeline, id_field=id_field)
    return record


def test_the_id_of_a_record_is_its_own() -> None:
    record = named({"_id": "x", "a": 1})
    assert (record.id, record.document) == ("x", {"a": 1})
    assert named({"_id": 7}).id == "7"


def test_a_record_without_an_id_is_named_by_its_content() -> None:
    assert named({"a": 1, "b": 2}).id == named({"b": 2, "a": 1}).id != named({"a": 1}).id


def test_the_id_of_a_content_is_the_same_in_every_version() -> None:
    assert named({"b": [1.5, "é"], "a": 1}).id == "f2debee71575d84e1867ccf1b95a2dfd"


def test_a_field_can_hold_the_id_and_stays() -> None:
    record = named({"sku": "x"}, id_field="sku")
    assert (record.id, record.document) == ("x", {"sku": "x"})


def test_the_digest_changes_with_the_content_and_with_the_pipeline() -> None:
    digest = named({"_id": "x", "a": 1}).digest
    assert digest == named({"a": 1, "_id": "x"}).digest
    assert digest != named({"_id": "x", "a": 2}).digest
    assert digest != named({"_id": "x", "a": 1}, b"other").digest


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, {"a": 1.0}), ({"a": 10**30}, {"a": 10**30 + 1}), ({"a": [1, 2]}, {"a": [12]}), ({"a": None}, {})],
)
def test_documents_that_differ_in_what_a_number_is_differ(one: dict[str, object], other: dict[str, object]) -> None:
    assert named({"_id": "x", **one}).digest != named({"_id": "x", **other}).digest


def test_a_large_number_deep_inside_does_not_make_the_order_of_keys_count() -> None:
    digest = named({"_id": "x", "a": {"b": 1, "c": 10**30}}).digest
    assert digest == named({"a": {"c": 10**30, "b": 1}, "_id": "x"}).digest


def test_the_text_that_a_record_was_read_from_does_not_count() -> None:
    given = {"_id": "x", "a": {"c": [1.5, "é"], "b": None}}
    read = Record(dict(given), raw=b'{"a": {"c": [1.50, "\\u00e9"], "b": null}, "_id": "x"}')
    identity.name(read, b"p")
    assert (read.digest, read.raw[:6]) == (named(given).digest, b'{"a": ')


@pytest.mark.parametrize("given", ["", "x" * 513, 1.5, True, ["a"]])
def test_an_id_that_elasticsearch_would_refuse_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="an id"):
        named({"_id": given})


def test_a_missing_id_field_is_said() -> None:
    with pytest.raises(ValueError, match=r"field \[sku\], which should hold the id, is missing"):
        named({"a": 1}, id_field="sku")
