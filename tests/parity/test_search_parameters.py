"""Query parameters of `_search` without a value, and others that are easily read in another way."""

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

JSON = {"accept": "application/json", "content-type": "application/json"}

pytestmark = pytest.mark.parity

PARAMETERS = [
    "seq_no_primary_term=",
    "seq_no_primary_term=true",
    "version=",
    "version=true",
    "track_scores=&sort=year",
    "track_scores=true&sort=year",
    "explain=",
    "explain=false",
    "rest_total_hits_as_int=",
    "timeout=10s",
]


@pytest.mark.parametrize("query", PARAMETERS)
def test_a_parameter_without_a_value(es: Elasticsearch, books: str, recorded: Recorded, query: str) -> None:
    path = f"/{books}/_search?size=1&{query}"
    found: Any = es.perform_request("GET", path, headers=JSON)
    recorded("hits", {name: value for name, value in found["hits"].items() if name != "hits"})
    recorded("members", sorted(found["hits"]["hits"][0]))


@pytest.mark.parametrize("query", ["seq_no_primary_term=perhaps", "track_total_hits=", "timeout=soon", "timeout=-5s"])
def test_a_parameter_with_a_wrong_value(es: Elasticsearch, books: str, recorded: Recorded, query: str) -> None:
    path = f"/{books}/_search?size=1&{query}"
    recorded("refusal", refusal(es.perform_request, "GET", path, headers=JSON))


def test_routing_of_mget(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded) -> None:
    index = make_index()
    es.index(index=index, id="1", routing="here", document={"a": 1}, refresh=True)
    docs = [{"_id": "1", "routing": "here"}, {"_id": "1", "routing": "there"}, {"_id": "1"}]
    recorded("docs", es.mget(index=index, docs=docs)["docs"])
    recorded("ids", es.mget(index=index, ids=["1", "2"], routing="here")["docs"])


@pytest.mark.parametrize("timeout", ["10s", "-1", "0"])
def test_a_search_of_one_index_is_done_at_once(es: Elasticsearch, books: str, timeout: str) -> None:
    answer = es.search(index=books, timeout=timeout)
    assert (answer["timed_out"], answer["hits"]["total"]["value"]) == (False, 12)
