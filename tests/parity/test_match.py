from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, scores
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "one-word": {"title": "river"},
    "two-words-are-alternatives": {"title": "river water"},
    "object-form": {"title": {"query": "river water"}},
    "operator-and": {"title": {"query": "river history", "operator": "and"}},
    "operator-upper-case": {"title": {"query": "river history", "operator": "AND"}},
    "minimum-should-match-count": {"summary": {"query": "water wheel mill pond", "minimum_should_match": 2}},
    "minimum-should-match-percent": {"summary": {"query": "water wheel mill pond", "minimum_should_match": "75%"}},
    "minimum-should-match-negative": {"summary": {"query": "water wheel mill pond", "minimum_should_match": "-1"}},
    "minimum-should-match-negative-percent": {
        "summary": {"query": "water wheel mill pond", "minimum_should_match": "-25%"}
    },
    "minimum-should-match-combination": {"summary": {"query": "water wheel mill", "minimum_should_match": "2<-25%"}},
    "boost": {"title": {"query": "river", "boost": 2.5}},
    "upper-case": {"title": "RIVER"},
    "punctuation": {"title": "the sea, the sea!"},
    "repeated-word": {"summary": "river river"},
    "word-in-no-document": {"title": "submarine"},
    "empty-text": {"title": ""},
    "zero-terms-all": {"title": {"query": "", "zero_terms_query": "all"}},
    "keyword-field": {"author": "Ada Brook"},
    "keyword-subfield": {"title.keyword": "Turbines"},
    "integer-field": {"year": 2015},
    "integer-field-from-text": {"year": "2015"},
    "boolean-field": {"in_print": True},
    "boolean-field-from-text": {"in_print": "false"},
    "date-field": {"published": "2004-06-30"},
    "object-member": {"publisher.city": "valley town"},
    "unmapped-field": {"nothing": "river"},
    "fuzziness-one": {"title": {"query": "rivor", "fuzziness": 1}},
    "fuzziness-auto": {"title": {"query": "turbinse", "fuzziness": "AUTO"}},
    "lenient-number": {"year": {"query": "old", "lenient": True}},
    "analyzer-of-the-query": {"title": {"query": "River Songs", "analyzer": "whitespace"}},
    "named": {"title": {"query": "turbines", "_name": "by title"}},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_match_finds_and_scores_like_elasticsearch(
    es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]
):
    answer = es.search(index=books, query={"match": query}, source=False, size=20)
    recorded("hits", answer)


def test_a_rare_word_weighs_more_than_a_common_one(es: Elasticsearch, books: str, recorded: Recorded):
    answer = es.search(index=books, query={"match": {"summary": "turbine the"}}, source=False)
    assert ids(answer)[0] == "turbines"
    recorded("hits", answer)


def test_documents_without_the_field_do_not_change_the_score(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    docs = [{"text": "mill pond"}, {"text": "mill mill wheel"}, *({"other": "x"} for _ in range(20))]
    name = make_index({"properties": {"text": {"type": "text"}}}, docs)
    answer = es.search(index=name, query={"match": {"text": "pond"}}, source=False)
    assert scores(answer)["1"] == pytest.approx(0.7549127, rel=1e-5)
    recorded("hits", answer)


def test_long_fields_are_normed_by_their_rounded_length(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    lengths = (1, 2, 8, 39, 40, 41, 42, 55, 100, 130, 260, 1000)
    name = make_index(
        {"properties": {"text": {"type": "text"}}},
        {str(length): {"text": " ".join(["weir", *["filler"] * (length - 1)])} for length in lengths},
    )
    answer = es.search(index=name, query={"match": {"text": "weir"}}, source=False, size=20)
    assert ids(answer)[0] == "1"
    # Lengths above 40 are kept in one byte: 41 is stored as 40, 55 as 54.
    assert scores(answer)["40"] == scores(answer)["41"] > scores(answer)["42"]
    recorded("hits", answer)


def test_term_frequency_saturates(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"text": {"type": "text"}}},
        {str(count): {"text": " ".join(["weir"] * count + ["x"] * (40 - count))} for count in (1, 2, 4, 8, 16, 40)},
    )
    answer = es.search(index=name, query={"match": {"text": "weir"}}, source=False)
    assert ids(answer) == ["40", "16", "8", "4", "2", "1"]
    recorded("hits", answer)


def test_a_field_without_norms_ignores_length(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"text": {"type": "text", "norms": False}}},
        [{"text": "weir"}, {"text": "weir in a much longer text than the first"}],
    )
    answer = es.search(index=name, query={"match": {"text": "weir"}}, source=False)
    assert scores(answer)["1"] == scores(answer)["2"]
    recorded("hits", answer)


def test_a_field_with_docs_only_counts_each_word_once(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"text": {"type": "text", "index_options": "docs"}}},
        [{"text": "weir a"}, {"text": "weir weir weir a"}, {"text": "weir a b"}],
    )
    answer = es.search(index=name, query={"match": {"text": "weir"}}, source=False)
    assert scores(answer)["1"] == scores(answer)["2"] > scores(answer)["3"]
    recorded("hits", answer)


def test_values_of_an_array_count_as_one_text(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"text": {"type": "text"}}}, [{"text": ["weir pond", "pond"]}, {"text": "weir pond pond"}]
    )
    answer = es.search(index=name, query={"match": {"text": "pond"}}, source=False)
    assert scores(answer)["1"] == scores(answer)["2"]
    recorded("hits", answer)


def test_deleted_documents_are_not_found(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"properties": {"text": {"type": "text"}}}, [{"text": "weir"}, {"text": "weir pond"}])
    es.delete(index=name, id="1", refresh=True)
    answer = es.search(index=name, query={"match": {"text": "weir"}}, source=False)
    assert ids(answer) == ["2"]


WRONG: dict[str, Any] = {
    "text-for-a-number": {"match": {"year": "old"}},
    "text-for-a-boolean": {"match": {"in_print": "maybe"}},
    "text-for-a-date": {"match": {"published": "yesterday evening"}},
    "unknown-option": {"match": {"title": {"query": "river", "operater": "and"}}},
    "unknown-operator": {"match": {"title": {"query": "river", "operator": "xor"}}},
    "unknown-analyzer": {"match": {"title": {"query": "river", "analyzer": "klingon"}}},
    "no-query": {"match": {"title": {"operator": "and"}}},
    "two-fields": {"match": {"title": "river", "summary": "river"}},
    "array": {"match": {"title": ["river"]}},
    "not-an-object": {"match": "river"},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_match_is_refused(es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]):
    answer = refusal(es.search, index=books, query=query)
    assert answer["status"] == 400
    recorded("refusal", answer)
