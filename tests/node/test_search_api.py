"""`_search`, `_msearch` and `_count` through the official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.node.search_client import fill, found, pond

DOCUMENTS: list[dict[str, Any]] = [
    {"t": "red apple", "n": 1, "tags": ["a", "b"], "c": [{"t": "sweet apple", "p": 1}, {"t": "sour", "p": 2}]},
    {"t": "green apple pie", "n": 2, "c": {"t": "apple and apple", "p": 3}},
    {"t": "blue", "n": 3},
]
PROPERTIES = {
    "t": {"type": "text"},
    "n": {"type": "integer"},
    "tags": {"type": "keyword"},
    "c": {"type": "nested", "properties": {"t": {"type": "text"}, "p": {"type": "integer"}}},
}


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with pond() as client:
        fill(client, PROPERTIES, DOCUMENTS, segments=2)
        fill(client, {"t": {"type": "text"}}, [{"t": "apple"}], index="other")
        client.indices.put_alias(index="i", name="big", filter={"range": {"n": {"gte": 2}}})
        yield client


def test_an_answer_has_the_members_of_elasticsearch_in_their_order(client: Elasticsearch) -> None:
    answer = client.search(index="i", query={"match": {"t": "apple"}}, size=1, version=True, seq_no_primary_term=True)
    assert list(answer) == ["took", "timed_out", "_shards", "hits"]
    assert list(answer["hits"]) == ["total", "max_score", "hits"]
    members = ["_index", "_id", "_version", "_seq_no", "_primary_term", "_score", "_source"]
    assert list(answer["hits"]["hits"][0]) == members


def test_an_alias_with_a_filter_shows_what_it_lets_through(client: Elasticsearch) -> None:
    assert set(found(client, index="big")) == {"1", "2"}
    assert client.count(index="big")["count"] == 2


def test_statistics_are_those_of_each_index(client: Elasticsearch) -> None:
    answer = client.search(index="i,other", query={"match": {"t": "apple"}}, source=False)
    both = {(hit["_index"], hit["_id"]): hit["_score"] for hit in answer["hits"]["hits"]}
    alone = found(client, index="other", query={"match": {"t": "apple"}})
    assert both["other", "0"] == pytest.approx(alone["0"])
    assert answer["_shards"]["total"] == 2


def test_indices_may_be_boosted(client: Elasticsearch) -> None:
    plain = found(client, index="other", query={"match": {"t": "apple"}})
    boosted = found(client, index="other", query={"match": {"t": "apple"}}, indices_boost=[{"oth*": 3}])
    assert boosted == {"0": pytest.approx(3 * plain["0"])}


def test_the_total_is_counted_as_far_as_asked(client: Elasticsearch) -> None:
    def total(**options: Any) -> Any:
        return client.search(index="i", size=0, **options)["hits"].get("total")

    assert total() == {"value": 3, "relation": "eq"}
    assert total(track_total_hits=2) == {"value": 2, "relation": "gte"}
    assert total(track_total_hits=False) is None
    assert total(rest_total_hits_as_int=True) == 3


def test_terminate_after_stops_in_each_shard(client: Elasticsearch) -> None:
    answer = client.search(index="i", terminate_after=1, source=False)
    assert answer["terminated_early"] is True
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["0"]


def test_a_post_filter_narrows_hits_and_total(client: Elasticsearch) -> None:
    answer = client.search(index="i", query={"match": {"t": "apple"}}, post_filter={"term": {"n": 2}}, source=False)
    assert answer["hits"]["total"]["value"] == 1


def test_named_queries_are_reported(client: Elasticsearch) -> None:
    query = {
        "bool": {
            "should": [
                {"match": {"t": {"query": "apple", "_name": "fruit"}}},
                {"term": {"n": {"value": 1, "_name": "one"}}},
            ]
        }
    }
    answer = client.search(index="i", query=query, source=False)
    names = {hit["_id"]: hit["matched_queries"] for hit in answer["hits"]["hits"]}
    assert names == {"0": ["fruit", "one"], "1": ["fruit"]}


def test_inner_hits_show_the_objects_that_matched(client: Elasticsearch) -> None:
    nested = {"path": "c", "query": {"match": {"c.t": "apple"}}, "inner_hits": {"_source": ["c.p"]}}
    answer = client.search(index="i", query={"nested": nested}, source=False)
    shown = {hit["_id"]: hit["inner_hits"]["c"]["hits"] for hit in answer["hits"]["hits"]}
    assert {key: hits["total"]["value"] for key, hits in shown.items()} == {"0": 1, "1": 1}
    first = shown["0"]["hits"][0]
    assert (first["_id"], first["_nested"], first["_source"]) == ("0", {"field": "c", "offset": 0}, {"p": 1})


def test_two_inner_hits_need_two_names(client: Elasticsearch) -> None:
    nested = {"path": "c", "query": {"match": {"c.t": "apple"}}, "inner_hits": {}}
    with pytest.raises(ApiError) as caught:
        client.search(index="i", query={"bool": {"should": [{"nested": nested}, {"nested": nested}]}})
    assert "[inner_hits] already contains an entry for key [c]" in str(caught.value.body)


def test_fields_and_columns_are_shown_as_lists(client: Elasticsearch) -> None:
    answer = client.search(index="i", fields=["n", "c.*"], docvalue_fields=["tags"], source=False, size=1)
    assert answer["hits"]["hits"][0]["fields"] == {
        "tags": ["a", "b"],
        "n": [1],
        "c": [{"p": [1], "t": ["sweet apple"]}, {"p": [2], "t": ["sour"]}],
    }


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (False, None),
        ("t", {"t": "red apple"}),
        (["c.p", "n"], {"n": 1, "c": [{"p": 1}, {"p": 2}]}),
        ({"excludes": ["c", "t*"]}, {"n": 1}),
        ({"includes": ["c"], "excludes": ["*.t"]}, {"c": [{"p": 1}, {"p": 2}]}),
        (["nothing"], {}),
    ],
)
def test_the_source_is_filtered(client: Elasticsearch, source: Any, shown: Any) -> None:
    hit = client.search(index="i", source=source, size=1)["hits"]["hits"][0]
    assert hit.get("_source") == shown


def test_parameters_in_the_address_win_over_the_body(client: Elasticsearch) -> None:
    headers = {"content-type": "application/json", "accept": "application/json"}
    params = {"size": "1", "sort": "n:desc", "_source_includes": "n"}
    answer = client.perform_request("POST", "/i/_search", params=params, headers=headers, body={"size": 3}).body
    assert [(hit["sort"], hit["_source"]) for hit in answer["hits"]["hits"]] == [([3], {"n": 3})]


def test_several_searches_fail_one_by_one(client: Elasticsearch) -> None:
    searches = [{"index": "i"}, {"size": 0}, {"index": "nope"}, {}, {"index": "i"}, {"query": {"term": {"n": "x"}}}]
    answer = client.msearch(searches=searches)
    assert [response["status"] for response in answer["responses"]] == [200, 404, 400]
    assert answer["responses"][0]["hits"]["total"]["value"] == 3


def test_missing_indices_may_be_left_out(client: Elasticsearch) -> None:
    with pytest.raises(ApiError) as caught:
        client.search(index="nope")
    assert caught.value.status_code == 404
    answer = client.search(index="nope", ignore_unavailable=True)
    assert answer["hits"] == {"total": {"value": 0, "relation": "eq"}, "max_score": 0.0, "hits": []}


def test_a_window_beyond_the_limit_is_refused(client: Elasticsearch) -> None:
    with pytest.raises(ApiError) as caught:
        client.search(index="i", from_=9_999, size=10)
    assert "Result window is too large" in caught.value.body["error"]["root_cause"][0]["reason"]


def test_count_counts_what_matches(client: Elasticsearch) -> None:
    assert client.count(index="i", query={"match": {"t": "apple"}})["count"] == 2
    assert client.count()["count"] == 4
