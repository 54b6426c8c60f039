from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

FIELDS = (
    "title",
    "title.keyword",
    "summary",
    "tags",
    "rating",
    "in_print",
    "published",
    "publisher",
    "publisher.city",
    "nothing",
    "pub*",
    "_id",
)


@pytest.mark.parametrize("field", FIELDS)
def test_exists_finds_documents_with_a_value(es: Elasticsearch, books: str, recorded: Recorded, field: str):
    recorded("hits", es.search(index=books, query={"exists": {"field": field}}, source=False, size=20))


def test_an_empty_text_is_a_value_and_null_and_empty_arrays_are_not(es: Elasticsearch, books: str):
    def found(field: str) -> set[str]:
        return set(ids(es.search(index=books, query={"exists": {"field": field}}, size=20)))

    assert "maps" in found("summary")
    assert "cooking" not in found("tags")
    assert "maps" not in found("rating")


def test_vectors_and_unindexed_fields_exist_as_elasticsearch_says(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index(
        {
            "properties": {
                "v": {"type": "dense_vector", "dims": 2},
                "s": {"type": "sparse_vector"},
                "off": {"type": "keyword", "index": False},
                "bare": {"type": "keyword", "index": False, "doc_values": False},
                "nil": {"type": "keyword", "null_value": "none"},
            }
        },
        [
            {"v": [1, 2]},
            {"s": {"a": 1.5}},
            {"off": "x"},
            {"bare": "x"},
            {"nil": None},
            {},
        ],
    )
    for field in ("v", "s", "off", "bare", "nil"):
        recorded(field, es.search(index=name, query={"exists": {"field": field}}, source=False))


def test_a_wrong_exists_is_refused(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("no field", refusal(es.search, index=books, query={"exists": {}}))
    recorded("unknown option", refusal(es.search, index=books, query={"exists": {"feeld": "title"}}))
