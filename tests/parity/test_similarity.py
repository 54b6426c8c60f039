"""`index.similarity`: BM25 with constants of one's own."""

import json
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

TEXTS = [
    "river",
    "river river river mill",
    "the old mill by the river and the river by the old mill with a wheel that turns and turns",
    "mill wheel",
    "a river of water and a wheel of wood",
]
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"default": {"type": "BM25", "k1": 2.0, "b": 0.3}},
    "named": {"mine": {"type": "BM25", "k1": 0.6, "b": 0.95}},
    "default-and-named": {"default": {"type": "BM25", "b": 0}, "mine": {"type": "BM25", "k1": 0.1}},
    "no-lengths": {"mine": {"type": "BM25", "b": 0}},
    "no-frequencies": {"mine": {"type": "BM25", "k1": 0}},
    "constants-of-elasticsearch": {"mine": {"type": "BM25", "discount_overlaps": True}},
}
QUERIES: dict[str, dict[str, Any]] = {
    "match": {"match": {"FIELD": "river wheel"}},
    "boosted": {"match": {"FIELD": {"query": "river", "boost": 3}}},
    "phrase": {"match_phrase": {"FIELD": "old mill"}},
    "fields": {"multi_match": {"query": "river mill", "fields": ["own", "plain^2", "named"], "type": "cross_fields"}},
    "fuzzy": {"match": {"FIELD": {"query": "rivers", "fuzziness": 1}}},
    "keyword": {"term": {"tags": "a"}},
}


def mapping(similarity: str) -> dict[str, Any]:
    return {
        "properties": {
            "own": {"type": "text"},
            "plain": {"type": "text", "similarity": "BM25"},
            "named": {"type": "text", "similarity": similarity},
            "tags": {"type": "keyword"},
        }
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_scores(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, name: str) -> None:
    mine = "mine" if "mine" in SETTINGS[name] else "default"
    docs = [
        {"own": text, "plain": text, "named": text, "tags": ["a", "b", "c"][: number % 3 + 1]}
        for number, text in enumerate(TEXTS)
    ]
    index = make_index(mapping(mine), docs, settings={"index": {"similarity": SETTINGS[name]}})
    for label, query in QUERIES.items():
        for field in ("own", "plain", "named") if "FIELD" in str(query) else ("",):
            asked = {"query": json.loads(json.dumps(query).replace("FIELD", field))}
            found = es.search(index=index, **asked)["hits"]["hits"]
            recorded(f"{label} {field}", [{"_id": hit["_id"], "_score": hit["_score"]} for hit in found])
    recorded("mapping", es.indices.get_mapping(index=index)[index]["mappings"])
    shown = es.indices.get_settings(index=index)[index]["settings"]["index"]["similarity"]
    recorded("settings", shown)


REFUSED: dict[str, dict[str, Any]] = {
    "negative-k1": {"mine": {"type": "BM25", "k1": -1}},
    "large-b": {"mine": {"type": "BM25", "b": 2}},
    "text-for-b": {"mine": {"type": "BM25", "b": "x"}},
    "unknown-option": {"mine": {"type": "BM25", "foo": "x"}},
    "no-type": {"mine": {"k1": 1}},
    "unknown-type": {"mine": {"type": "bogus"}},
    "built-in": {"BM25": {"type": "BM25", "k1": 1}},
    "overlaps": {"mine": {"type": "BM25", "discount_overlaps": "perhaps"}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(es: Elasticsearch, index: str, recorded: Recorded, name: str) -> None:
    settings = {"index": {"similarity": REFUSED[name]}}
    recorded("refusal", refusal(es.indices.create, index=index, settings=settings))


def test_a_field_names_one_that_there_is(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded) -> None:
    index = make_index(settings={"index.similarity.mine.type": "BM25"})
    for name in ("mine", "nope", "default"):
        put = {"index": index, "properties": {name: {"type": "text", "similarity": name}}}
        recorded(
            name, dict(es.indices.put_mapping(**put)) if name == "mine" else refusal(es.indices.put_mapping, **put)
        )
    answer = refusal(es.indices.put_settings, index=index, settings={"index.similarity.mine.k1": 3})
    assert answer["body"]["error"]["reason"].startswith(
        "Can't update non dynamic settings [[index.similarity.mine.k1]] for open indices"
    )
