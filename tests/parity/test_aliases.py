from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


def test_an_alias_is_read_and_written_through(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    name = make_index(None, [{"n": 1}])
    alias = f"{index}-alias"
    recorded("put", es.indices.put_alias(index=name, name=alias))
    recorded("search", es.search(index=alias))
    recorded("written", es.index(index=alias, id="2", document={"n": 2}))
    recorded("get", es.indices.get_alias(index=name))
    recorded("get by name", es.indices.get_alias(name=alias))
    recorded("deleted", es.indices.delete_alias(index=name, name=alias))
    recorded("gone", refusal(es.search, index=alias))


def test_aliases_change_in_one_step(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    old, new = make_index(None, {"a": {"n": 1}}, suffix="old"), make_index(None, {"b": {"n": 2}}, suffix="new")
    alias = f"{index}-alias"
    es.indices.put_alias(index=old, name=alias)
    assert ids(es.search(index=alias)) == ["a"]
    actions = [{"remove": {"index": old, "alias": alias}}, {"add": {"index": new, "alias": alias}}]
    recorded("changed", es.indices.update_aliases(actions=actions))
    assert ids(es.search(index=alias)) == ["b"]


def test_an_alias_of_two_indices_takes_no_writes_without_a_write_index(
    es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded
):
    one, two = make_index(None, {"a": {"n": 1}}, suffix="one"), make_index(None, {"b": {"n": 2}}, suffix="two")
    alias = f"{index}-alias"
    es.indices.put_alias(index=[one, two], name=alias)
    assert sorted(ids(es.search(index=alias))) == ["a", "b"]
    recorded("refused", refusal(es.index, index=alias, id="c", document={}))
    recorded("get refused", refusal(es.get, index=alias, id="a"))
    es.indices.put_alias(index=two, name=alias, is_write_index=True)
    assert es.index(index=alias, id="c", document={})["_index"] == two


def test_an_alias_may_hold_a_filter(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    name = make_index(None, [{"n": 1}, {"n": 2}])
    alias = f"{index}-alias"
    es.indices.put_alias(index=name, name=alias, filter={"term": {"n": 2}})
    assert ids(es.search(index=alias)) == ["2"]
    recorded("get", es.indices.get_alias(index=name))


def test_aliases_may_be_made_with_the_index(es: Elasticsearch, index: str, recorded: Recorded):
    recorded("created", es.indices.create(index=index, aliases={f"{index}-alias": {}}))
    recorded("get", es.indices.get(index=f"{index}-alias", features="aliases"))
    assert es.indices.exists_alias(name=f"{index}-alias")
    assert es.indices.exists(index=f"{index}-alias")


@pytest.mark.differs("9.5.0", "a message names further kinds of things")
def test_wrong_aliases_are_refused(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    name = make_index()
    recorded("missing index", refusal(es.indices.put_alias, index=f"{index}.none", name="x"))
    recorded("name of an index", refusal(es.indices.put_alias, index=name, name=name))
    recorded("bad name", refusal(es.indices.put_alias, index=name, name="a*b"))
    recorded("get missing", refusal(es.indices.get_alias, name="parity-no-such-alias"))
    recorded("delete missing", refusal(es.indices.delete_alias, index=name, name="parity-no-such-alias"))
    recorded("unknown action", refusal(es.indices.update_aliases, actions=[{"rename": {}}]))
    recorded("no actions", refusal(es.indices.update_aliases, actions=[]))
    es.indices.put_alias(index=name, name=f"{index}-alias")
    recorded("delete by alias", refusal(es.indices.delete, index=f"{index}-alias"))
    recorded("create over alias", refusal(es.indices.create, index=f"{index}-alias"))
