from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


def test_an_index_is_created_found_and_deleted(es: Elasticsearch, index: str, recorded: Recorded):
    assert not es.indices.exists(index=index)
    recorded("created", es.indices.create(index=index))
    assert es.indices.exists(index=index)
    recorded("deleted", es.indices.delete(index=index))
    assert not es.indices.exists(index=index)
    recorded("deleted again", refusal(es.indices.delete, index=index))


def test_an_index_that_exists_is_not_created_again(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    answer = refusal(es.indices.create, index=name)
    assert answer["body"]["error"]["type"] == "resource_already_exists_exception"
    recorded("refusal", answer)


def test_the_description_of_an_index(es: Elasticsearch, index: str, recorded: Recorded):
    es.indices.create(
        index=index,
        mappings={"properties": {"a": {"type": "keyword"}}},
        settings={"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "5s"},
        aliases={f"{index}-alias": {}},
    )
    answer = es.indices.get(index=index)
    settings = answer[index]["settings"]["index"]
    assert settings["number_of_replicas"] == "0"
    assert settings["refresh_interval"] == "5s"
    recorded("mappings", answer[index]["mappings"])
    recorded("aliases", answer[index]["aliases"])
    kept = ("number_of_shards", "number_of_replicas", "refresh_interval", "provided_name")
    recorded("settings", {key: settings[key] for key in kept})


SETTINGS: dict[str, dict[str, Any]] = {
    "flat-with-prefix": {"index.number_of_replicas": 0, "index.refresh_interval": "1s"},
    "flat-without-prefix": {"number_of_replicas": 2},
    "nested": {"index": {"number_of_replicas": "1", "max_result_window": 5000}},
    "analysis": {
        "analysis": {"analyzer": {"mine": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "stop"]}}}
    },
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_may_be_flat_or_nested(es: Elasticsearch, index: str, recorded: Recorded, settings: dict[str, Any]):
    es.indices.create(index=index, settings=settings)
    shown = es.indices.get_settings(index=index)[index]["settings"]["index"]
    ours = ("number_of_shards", "number_of_replicas", "refresh_interval", "max_result_window", "analysis")
    recorded("settings", {key: shown[key] for key in ours if key in shown})


@pytest.mark.differs("9.5.0", "another message for settings that are fixed")
def test_settings_are_changed(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    recorded("changed", es.indices.put_settings(index=name, settings={"index": {"refresh_interval": "30s"}}))
    assert es.indices.get_settings(index=name)[name]["settings"]["index"]["refresh_interval"] == "30s"
    es.indices.put_settings(index=name, settings={"refresh_interval": None})
    assert "refresh_interval" not in es.indices.get_settings(index=name)[name]["settings"]["index"]
    recorded("fixed", refusal(es.indices.put_settings, index=name, settings={"number_of_shards": 3}))
    recorded("unknown", refusal(es.indices.put_settings, index=name, settings={"number_of_shirts": 3}))


NAMES = {
    "upper-case": "Parity",
    "leading-underscore": "_parity",
    "leading-minus": "-parity",
    "space": "a b",
    "comma": "a,b",
    "colon": "a:b",
    "hash": "a#b",
    "star": "a*b",
    "dots": "..",
    "too-long": "x" * 256,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_wrong_name_is_refused(es: Elasticsearch, recorded: Recorded, name: str):
    answer = refusal(es.indices.create, index=name)
    assert answer["status"] == 400
    recorded("refusal", answer)


WRONG: dict[str, dict[str, Any]] = {
    "unknown-key": {"mapping": {}},
    "unknown-setting": {"settings": {"number_of_shirts": 1}},
    "no-shards": {"settings": {"number_of_shards": 0}},
    "negative-replicas": {"settings": {"number_of_replicas": -1}},
    "text-for-a-number": {"settings": {"number_of_replicas": "many"}},
    "bad-interval": {"settings": {"refresh_interval": "5 parsecs"}},
    "settings-are-a-list": {"settings": []},
    "unknown-tokenizer": {"settings": {"analysis": {"analyzer": {"mine": {"type": "custom", "tokenizer": "klingon"}}}}},
    "alias-with-the-index-name": {"aliases": {"parity-wrong": {}}},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_body_is_refused(es: Elasticsearch, recorded: Recorded, body: dict[str, Any]):
    answer = refusal(es.indices.create, index="parity-wrong", body=body)
    assert answer["status"] == 400
    assert not es.indices.exists(index="parity-wrong")
    recorded("refusal", answer)


def test_a_missing_index_is_named_in_the_refusal(es: Elasticsearch, index: str, recorded: Recorded):
    for call in (es.indices.get, es.indices.get_mapping, es.indices.get_settings, es.search):
        recorded(f"{call.__name__}", refusal(call, index=index))
    recorded("one of two", refusal(es.search, index=f"{index},parity-books-two"))
    recorded("ignored", es.search(index=index, ignore_unavailable=True))
    recorded("no match for a pattern", es.search(index=f"{index}*"))
    recorded("no match not allowed", refusal(es.search, index=f"{index}*", allow_no_indices=False))


def test_several_indices_are_described_by_pattern(
    es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded
):
    make_index({"properties": {"a": {"type": "keyword"}}}, suffix="one")
    make_index({"properties": {"b": {"type": "long"}}}, suffix="two")
    recorded("mappings", es.indices.get_mapping(index=f"{index}.*"))
    assert set(es.indices.get(index=f"{index}.*")) == {f"{index}.one", f"{index}.two"}


def test_all_indices_are_not_deleted_by_pattern(es: Elasticsearch, recorded: Recorded):
    recorded("star", refusal(es.indices.delete, index="parity-no-such-*"))
    recorded("all", refusal(es.indices.delete, index="_all"))


def test_a_result_window_is_a_setting(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"n": 1}], settings={"max_result_window": 5})
    recorded("within", es.search(index=name, size=5))
    recorded("beyond", refusal(es.search, index=name, size=6))
