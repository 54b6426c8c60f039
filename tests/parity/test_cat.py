from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

TEXT = {"accept": "text/plain"}
STABLE = ("status", "index", "pri", "rep", "docs.count", "docs.deleted")


def test_indices_are_listed_as_a_table(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(None, [{"n": 1}])
    line = str(es.cat.indices(index=name))
    assert line.split()[:3] == ["yellow", "open", name]
    assert line.endswith("\n")


def test_the_table_may_have_a_head_and_chosen_columns(
    es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded
):
    make_index(None, [{"n": 1}, {"n": 2}], suffix="b")
    make_index(suffix="a", settings={"number_of_replicas": 0})
    order = {"index": f"{index}.*", "s": "index"}
    recorded("head", str(es.cat.indices(**order, v=True, h="health,status,index,docs.count")))
    recorded("columns", str(es.cat.indices(**order, h="index,docs.count")))
    recorded("descending", str(es.cat.indices(index=f"{index}.*", s="index:desc", h="index")))
    recorded("short names", str(es.cat.indices(**order, h="i,dc,p,r")))


def test_the_table_as_json(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"n": 1}])
    (row,) = es.cat.indices(index=name, format="json").body
    assert set(row) >= {"health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted", "store.size"}
    recorded("row", {key: row[key] for key in STABLE})


def test_a_missing_index_is_refused(es: Elasticsearch, index: str, recorded: Recorded):
    recorded("refusal", refusal(es.cat.indices, index=index))


def test_nested_objects_count_as_documents(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    mapping = {"properties": {"o": {"type": "nested"}}}
    name = make_index(mapping, [{"o": [{"a": 1}, {"a": 2}]}])
    recorded("count", str(es.cat.indices(index=name, h="docs.count")))


def test_count_as_a_table(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"n": 1}, {"n": 2}])
    recorded("count", str(es.perform_request("GET", f"/_cat/count/{name}", params={"h": "count"}, headers=TEXT)))
