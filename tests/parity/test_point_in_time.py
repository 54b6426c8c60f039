from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


@pytest.fixture
def pit(es: Elasticsearch, books: str) -> Iterator[str]:
    """A point in time of the twelve books."""
    opened = es.open_point_in_time(index=books, keep_alive="5m")
    assert opened["_shards"]["successful"] == 1
    yield opened["id"]
    es.options(ignore_status=404).close_point_in_time(id=opened["id"])


SEARCHES: dict[str, dict[str, Any]] = {
    "no-sort": {"size": 2},
    "by-score": {"query": {"match": {"title": "river"}}, "sort": ["_score"]},
    "by-year": {"sort": ["year"], "size": 4},
    "by-place": {"sort": ["_shard_doc"], "size": 4},
    "by-place-backwards": {"sort": [{"_shard_doc": "desc"}], "size": 4},
    "by-place-spelled-out": {"sort": [{"_shard_doc": {"order": "desc"}}], "size": 4},
    "by-year-and-place": {"sort": [{"year": "asc"}, {"_shard_doc": "desc"}], "size": 4},
    "after-a-place": {"sort": ["_shard_doc"], "search_after": [4], "size": 3},
    "after-a-year": {"sort": ["year"], "search_after": [1950], "size": 3},
    "after-a-year-and-place": {"sort": ["year"], "search_after": [1950, 3], "size": 3},
    "kept-longer": {"keep_alive": "6m", "size": 1},
    "no-total": {"track_total_hits": False, "size": 1},
}


@pytest.mark.parametrize("body", SEARCHES.values(), ids=SEARCHES.keys())
def test_a_search_sees_the_point_in_time(es: Elasticsearch, pit: str, recorded: Recorded, body: dict[str, Any]):
    own = dict(body)
    kept = {"keep_alive": own.pop("keep_alive")} if "keep_alive" in own else {}
    answer = es.search(body={"pit": {"id": pit, **kept}, "_source": False, **own}).body
    assert answer.pop("pit_id")
    recorded("hits", answer)


def test_the_place_of_a_document_orders_plain_searches_too(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("hits", es.search(index=books, sort=["_shard_doc"], size=3, source=False))


def test_pages_hold_every_document_once_whatever_is_written(es: Elasticsearch, make_index: MakeIndex):
    index = make_index(docs={str(number): {"n": number} for number in range(10)})
    pit = es.open_point_in_time(index=index, keep_alive="5m")["id"]
    found: list[str] = []
    after = None
    for page in range(4):
        es.index(index=index, id=f"new-{page}", document={"n": -1}, refresh=True)
        es.index(index=index, id=str(page), document={"n": 100}, refresh=True)
        es.delete(index=index, id=str(page + 4), refresh=True)
        answer = es.search(pit={"id": pit}, sort=[{"n": "asc"}], size=3, search_after=after)
        hits = answer["hits"]["hits"]
        found += [(hit["_id"], hit["_source"]["n"]) for hit in hits]
        after = hits[-1]["sort"]
    assert found == [(str(number), number) for number in range(10)]
    assert es.search(pit={"id": pit}, size=0)["hits"]["total"]["value"] == 10
    assert es.count(index=index)["count"] == 10
    assert es.close_point_in_time(id=pit).body == {"succeeded": True, "num_freed": 1}


@pytest.mark.parametrize(("indices", "parts"), [(1, 2), (1, 3), (1, 7), (3, 2), (2, 4), (2, 5)])
def test_parts_are_the_whole_and_share_nothing(es: Elasticsearch, make_index: MakeIndex, indices: int, parts: int):
    names = [
        make_index(docs={f"{at}-{number}": {"n": number} for number in range(5)}, suffix=str(at))
        for at in range(indices)
    ]
    pit = es.open_point_in_time(index=names, keep_alive="5m")["id"]
    found = [
        ids(es.search(pit={"id": pit}, slice={"id": part, "max": parts}, sort=["_shard_doc"], size=100))
        for part in range(parts)
    ]
    assert sorted(id for part in found for id in part) == sorted(f"{at}-{n}" for at in range(indices) for n in range(5))
    assert es.close_point_in_time(id=pit)["num_freed"] == indices


def test_documents_of_several_indices_have_places_of_their_own(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    names = [make_index(docs={f"{at}-1": {"n": 1}, f"{at}-2": {"n": 2}}, suffix=at) for at in ("a", "b")]
    pit = es.open_point_in_time(index=names, keep_alive="5m")["id"]
    answer = es.search(pit={"id": pit}, sort=["n"]).body
    assert answer.pop("pit_id")
    recorded("hits", answer)
    es.close_point_in_time(id=pit)


def test_several_searches_may_use_it(es: Elasticsearch, pit: str):
    answer = es.msearch(searches=[{}, {"pit": {"id": pit}, "size": 1}, {}, {"pit": {"id": pit}, "size": 0}])
    assert [one["hits"]["total"]["value"] for one in answer["responses"]] == [12, 12]


WRONG: dict[str, dict[str, Any]] = {
    "no-id": {"pit": {"keep_alive": "1m"}},
    "unknown-member": {"pit": {"id": "PIT", "foo": 1}},
    "bad-keep-alive": {"pit": {"id": "PIT", "keep_alive": "5"}},
    "too-long": {"pit": {"id": "PIT", "keep_alive": "2d"}},
    "after-without-sort": {"pit": {"id": "PIT"}, "search_after": [1]},
    "after-is-no-number": {"pit": {"id": "PIT"}, "sort": ["_shard_doc"], "search_after": ["x"]},
    "part-beyond": {"pit": {"id": "PIT"}, "slice": {"id": 2, "max": 2}},
    "one-part": {"pit": {"id": "PIT"}, "slice": {"id": 0, "max": 1}},
    "negative-part": {"pit": {"id": "PIT"}, "slice": {"id": -1, "max": 2}},
    "unknown-member-of-part": {"pit": {"id": "PIT"}, "slice": {"idd": 1, "max": 2}},
    "part-without-point": {"slice": {"id": 0, "max": 2}},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_search_is_refused(es: Elasticsearch, pit: str, recorded: Recorded, body: dict[str, Any]):
    own = {**body, "pit": {**body["pit"], "id": pit}} if "id" in body.get("pit", {}) else body
    recorded("refusal", refusal(es.search, body=own))


@pytest.mark.parametrize("name", ["index", "preference", "routing", "ignore_unavailable"])
def test_it_names_the_indices_alone(es: Elasticsearch, pit: str, books: str, recorded: Recorded, name: str):
    value: Any = {"index": books, "ignore_unavailable": True}.get(name, "_local")
    recorded("refusal", refusal(es.search, pit={"id": pit}, **{name: value}))


def test_opening_needs_an_index_and_a_time(es: Elasticsearch, books: str, recorded: Recorded):
    headers = {"accept": "application/json"}
    for name, path in (
        ("no-time", f"/{books}/_pit"),
        ("no-index", "/_pit?keep_alive=1m"),
        ("missing", "/parity-nowhere/_pit?keep_alive=1m"),
        ("bad-time", f"/{books}/_pit?keep_alive=1x"),
        ("too-long", f"/{books}/_pit?keep_alive=2d"),
        ("unknown-parameter", f"/{books}/_pit?keep_alive=1m&foo=1"),
    ):
        recorded(name, refusal(es.perform_request, "POST", path, headers=headers))


def test_nothing_can_be_frozen(es: Elasticsearch):
    pit = es.open_point_in_time(index="parity-nothing-*", keep_alive="1m")["id"]
    assert es.search(pit={"id": pit})["hits"]["hits"] == []


def test_a_closed_one_is_gone(es: Elasticsearch, books: str):
    pit = es.open_point_in_time(index=books, keep_alive="1m")["id"]
    assert es.close_point_in_time(id=pit)["num_freed"] == 1
    with pytest.raises(NotFoundError) as caught:
        es.close_point_in_time(id=pit)
    assert caught.value.body == {"succeeded": False, "num_freed": 0}
    with pytest.raises(NotFoundError) as caught:
        es.search(pit={"id": pit})
    assert caught.value.body["error"]["root_cause"][0]["type"] == "search_context_missing_exception"
    assert caught.value.body["error"]["type"] == "search_phase_execution_exception"


def test_it_ends_with_its_index(es: Elasticsearch, make_index: MakeIndex):
    index = make_index(docs=[{"n": 1}])
    pit = es.open_point_in_time(index=index, keep_alive="1m")["id"]
    es.indices.delete(index=index)
    with pytest.raises(ApiError) as caught:
        es.search(pit={"id": pit})
    assert caught.value.meta.status == 503
    assert caught.value.body["error"]["root_cause"][0]["type"] == "no_shard_available_action_exception"


def test_closing_needs_its_id(es: Elasticsearch, recorded: Recorded):
    headers = {"accept": "application/json", "content-type": "application/json"}
    for name, body in (("none", {}), ("nothing", None), ("a-list", {"id": ["a"]})):
        recorded(name, refusal(es.perform_request, "DELETE", "/_pit", headers=headers, body=body))
