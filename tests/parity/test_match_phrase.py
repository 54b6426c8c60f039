from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "in-order": {"match_phrase": {"summary": "water wheel"}},
    "not-in-this-order": {"match_phrase": {"summary": "wheel water"}},
    "slop-turns-around": {"match_phrase": {"summary": {"query": "wheel water", "slop": 2}}},
    "slop-jumps-over-words": {"match_phrase": {"summary": {"query": "river hills", "slop": 4}}},
    "one-word": {"match_phrase": {"title": "rivers"}},
    "repeated-word": {"match_phrase": {"summary": "river river"}},
    "boost": {"match_phrase": {"title": {"query": "the river", "boost": 3}}},
    "keyword": {"match_phrase": {"author": "Ada Brook"}},
    "empty": {"match_phrase": {"title": ""}},
    "prefix": {"match_phrase_prefix": {"title": "fish of the riv"}},
    "prefix-one-word": {"match_phrase_prefix": {"title": "riv"}},
    "multi-match-phrase": {"multi_match": {"query": "water wheel", "type": "phrase", "fields": ["title", "summary"]}},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_phrases_find_and_score_like_elasticsearch(
    es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]
):
    recorded("hits", es.search(index=books, query=query, source=False, size=20))


def test_a_phrase_does_not_reach_over_two_values_of_an_array(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index({"properties": {"text": {"type": "text"}}}, [{"text": ["mill", "pond"]}, {"text": "mill pond"}])
    answer = es.search(index=name, query={"match_phrase": {"text": "mill pond"}}, source=False)
    assert ids(answer) == ["2"]
    recorded("hits", answer)
