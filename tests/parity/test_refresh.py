from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, total
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


@pytest.fixture
def manual(make_index: MakeIndex) -> str:
    """An index that is refreshed on request only."""
    return make_index(None, settings={"refresh_interval": "-1"})


def test_a_document_is_not_found_before_a_refresh(es: Elasticsearch, manual: str, recorded: Recorded):
    es.index(index=manual, id="a", document={"n": 1})
    assert total(es.search(index=manual)) == 0
    recorded("refreshed", es.indices.refresh(index=manual))
    assert ids(es.search(index=manual)) == ["a"]


def test_a_replaced_document_is_found_in_its_old_form_until_a_refresh(es: Elasticsearch, manual: str):
    es.index(index=manual, id="a", document={"text": "weir"}, refresh=True)
    es.index(index=manual, id="a", document={"text": "mill"})
    answer = es.search(index=manual, query={"match": {"text": "weir"}})
    assert answer["hits"]["hits"][0]["_source"] == {"text": "weir"}
    es.indices.refresh(index=manual)
    assert total(es.search(index=manual, query={"match": {"text": "weir"}})) == 0


def test_a_deleted_document_is_found_until_a_refresh(es: Elasticsearch, manual: str):
    es.index(index=manual, id="a", document={"n": 1}, refresh=True)
    es.delete(index=manual, id="a")
    assert total(es.search(index=manual)) == 1
    es.indices.refresh(index=manual)
    assert total(es.search(index=manual)) == 0


def test_a_write_with_refresh_makes_earlier_ones_visible_too(es: Elasticsearch, manual: str):
    es.index(index=manual, id="a", document={"n": 1})
    answer = es.index(index=manual, id="b", document={"n": 2}, refresh=True)
    assert answer["forced_refresh"] is True
    assert total(es.search(index=manual)) == 2


def test_refresh_wait_for_returns_when_the_document_is_found(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(settings={"refresh_interval": "100ms"})
    es.index(index=name, id="a", document={"n": 1}, refresh="wait_for")
    assert total(es.search(index=name)) == 1


def test_a_refresh_of_a_missing_index_is_refused(es: Elasticsearch, index: str, recorded: Recorded):
    recorded("refusal", refusal(es.indices.refresh, index=index))
