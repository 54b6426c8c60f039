"""What of a client's search reaches the target, and what of the answer comes back."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError
from elasticsearch.dsl import MultiSearch, Search
from elasticsearch.helpers import scan

import headpond
from headpond.hooked.url import into_body, joined, split
from tests.hooked.conftest import QUERY, RERANK, RRF, ids
from tests.services.provider import Provider, Reply


@pytest.fixture
def hooked(es: Elasticsearch) -> Elasticsearch:
    return headpond.hook(es, RERANK)


@dataclasses.dataclass
class Wire:
    """A client of a server that writes down what it is asked."""

    provider: Provider
    client: Elasticsearch

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(asked.method, asked.path) for asked in self.provider.asked]


HEADERS = {"x-elastic-product": "Elasticsearch", "content-type": "application/vnd.elasticsearch+json;compatible-with=9"}


def found(*hits: dict[str, Any]) -> dict[str, Any]:
    total = {"value": len(hits), "relation": "eq"}
    return {"took": 1, "timed_out": False, "hits": {"total": total, "max_score": 1.0, "hits": list(hits)}}


def hit(id: str, score: float = 1.0, **source: Any) -> dict[str, Any]:
    return {"_index": "docs", "_id": id, "_score": score, "_source": source}


@pytest.fixture
def wire() -> Iterator[Wire]:
    provider = Provider()
    with Elasticsearch(provider.url) as client:
        yield Wire(provider, client)
    provider.close()


def backwards(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return hits[::-1]


def test_a_search_keeps_its_path_and_its_parameters(wire: Wire) -> None:
    wire.provider.then(Reply(200, found(hit("a"), hit("b")), HEADERS))
    answer = headpond.hook(wire.client, stages=[backwards]).search(
        index=["a", "b-*"], query=QUERY, routing="r", preference="_local", ignore_unavailable=True,
        expand_wildcards="open", typed_keys=True, request_cache=False,
    )  # fmt: skip
    assert ids(answer) == ["b", "a"]
    path, params = split(wire.asked[0][1])
    assert path == "/a,b-*/_search"
    assert params == {
        "routing": "r", "preference": "_local", "ignore_unavailable": "true", "expand_wildcards": "open",
        "typed_keys": "true", "request_cache": "false",
    }  # fmt: skip


def test_a_search_that_nothing_concerns_goes_through_byte_for_byte(wire: Wire) -> None:
    hooked = headpond.hook(wire.client, {"description": "nothing to do"})
    body = b'{"query" : {"match_all": {}}, "size": 1e0}'
    headers = {"content-type": "application/json", "accept": "application/json"}
    for client in (hooked, wire.client):
        wire.provider.then(Reply(200, found(), HEADERS))
        client.perform_request("GET", "/a/_search", params={"size": 5}, headers=headers, body=body)
    first, second = wire.provider.asked
    assert (first.path, first.body) == (second.path, second.body) == ("/a/_search?size=5", body)


def test_legs_of_a_compound_retriever_travel_in_one_msearch_with_the_parameters_of_the_search(wire: Wire) -> None:
    # An older cluster, which fuses nothing.
    wire.provider.then(Reply(200, {"version": {"number": "9.0.0"}}, HEADERS))
    wire.provider.then(Reply(200, {"responses": [found(hit("a")), found(hit("b"), hit("a"))]}, HEADERS))
    answer = headpond.hook(wire.client, {}).search(
        index="docs", retriever=RRF, routing="r", ignore_unavailable=True, max_concurrent_shard_requests=3, size=1
    )
    assert ids(answer) == ["a"]
    asked = wire.provider.asked[-1]
    assert split(asked.path) == ("/docs/_msearch", {"max_concurrent_shard_requests": "3"})
    lines = [json.loads(line) for line in asked.body.split(b"\n") if line]
    assert lines[0] == lines[2] == {"ignore_unavailable": "true", "routing": "r"}
    assert len(lines) == 4


def test_parameters_that_a_body_can_say_count_for_the_page(es: Elasticsearch, hooked: Elasticsearch) -> None:
    answer = hooked.perform_request(
        "POST",
        "/docs/_search",
        params={"size": 1, "_source_includes": "kind"},
        headers={"accept": "application/json", "content-type": "application/json"},
        body={"query": QUERY, "size": 5},
    )
    assert [hit["_source"] for hit in answer["hits"]["hits"]] == [{"kind": "b"}]


@pytest.mark.parametrize(
    ("params", "rest", "body"),
    [
        ({"q": "a b", "df": "t", "routing": "1"}, {"routing": "1"},
         {"query": {"query_string": {"query": "a b", "default_field": "t"}}}),
        ({"sort": "a:desc,b", "track_total_hits": "100"}, {}, {"sort": [{"a": {"order": "desc"}}, "b"],
                                                               "track_total_hits": 100}),
        ({"_source": "false"}, {}, {"_source": False}),
        ({"_source": "a,b.*", "_source_excludes": "c"}, {}, {"_source": {"includes": ["a", "b.*"], "excludes": ["c"]}}),
        ({"_source_exclude_vectors": "false"}, {}, {"_source": {"exclude_vectors": False}}),
        ({"explain": "", "version": "true", "track_scores": ""}, {"explain": ""},
         {"version": True, "track_scores": True}),
    ],
)  # fmt: skip
def test_what_a_url_says_is_what_the_body_would_say(params: Any, rest: Any, body: Any) -> None:
    assert into_body(params, {}) == (rest, body)


def test_a_malformed_parameter_is_left_to_the_target(es: Elasticsearch, hooked: Elasticsearch) -> None:
    headers = {"accept": "application/json", "content-type": "application/json"}
    errors = []
    for client in (es, hooked):
        with pytest.raises(BadRequestError) as caught:
            client.perform_request("POST", "/docs/_search", params={"size": "many"}, headers=headers, body={})
        errors.append(caught.value.body)
    assert errors[0] == errors[1]


def test_filter_path_hides_nothing_from_the_processors(hooked: Elasticsearch) -> None:
    answer = hooked.search(index="docs", query=QUERY, filter_path="hits.hits._id")
    assert answer.body == {"hits": {"hits": [{"_id": "2"}, {"_id": "1"}]}}


def test_a_degraded_search_says_so_whatever_filter_path_wants(es: Elasticsearch, hooked: Elasticsearch) -> None:
    es.inference.delete(inference_id="ranker")
    answer = hooked.search(index="docs", query=QUERY, filter_path="hits.hits._id")
    assert ids(answer) == ["1", "2"]
    assert answer["degraded"][0]["stage"] == "response_processors[0].rerank"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (False, None),
        (["kind"], {"kind": "b"}),
        ({"excludes": ["body"]}, {"kind": "b", "rank": 2}),
        ({"includes": ["rank", "kind"], "excludes": ["r*"]}, {"kind": "b"}),
        ("ki*", {"kind": "b"}),
    ],
)
def test_the_caller_sees_the_source_that_was_asked_for(hooked: Elasticsearch, source: Any, shown: Any) -> None:
    first = hooked.search(index="docs", query=QUERY, source=source)["hits"]["hits"][0]
    assert first["_id"] == "2"
    assert first.get("_source") == shown


def test_totals_are_numbers_for_who_wants_numbers(es: Elasticsearch) -> None:
    hooked = headpond.hook(es, RERANK)
    assert hooked.search(index="docs", query=QUERY, rest_total_hits_as_int=True)["hits"]["total"] == 2
    answer = hooked.search(index="docs", retriever=RRF, rest_total_hits_as_int=True, size=10)
    assert answer["hits"]["total"] == 2


def test_a_search_can_ask_for_no_pipeline(es: Elasticsearch, hooked: Elasticsearch) -> None:
    plain = ids(es.search(index="docs", query=QUERY))
    assert ids(hooked.search(index="docs", query=QUERY, ext={"headpond": False})) == plain
    assert ids(hooked.search(index="docs", query=QUERY, ext={"headpond": True})) != plain
    with pytest.raises(BadRequestError, match="illegal_argument_exception"):
        hooked.search(index="docs", query=QUERY, ext={"headpond": "off"})


def test_a_sorted_search_keeps_its_order(es: Elasticsearch, hooked: Elasticsearch) -> None:
    by_rank = hooked.search(index="docs", query=QUERY, sort=[{"rank": "desc"}])
    assert ids(by_rank) == ["1", "2"]
    after = by_rank["hits"]["hits"][0]["sort"]
    assert ids(hooked.search(index="docs", query=QUERY, sort=[{"rank": "desc"}], search_after=after)) == ["2"]
    assert ids(hooked.search(index="docs", query=QUERY, sort=["_score"])) == ["2", "1"]
    # A cursor is made of the hits' sort values: moved hits would make the next page leave some out.
    with_ties: list[Any] = ["_score", "rank"]
    assert ids(hooked.search(index="docs", query=QUERY, sort=with_ties)) == ids(
        es.search(index="docs", query=QUERY, sort=with_ties)
    )
    assert ids(hooked.search(index="docs", query=QUERY, sort={"_score": {"order": "desc"}})) == ["2", "1"]
    assert ids(hooked.search(index="docs", query=QUERY, sort=[{"_score": "asc"}])) == ids(
        es.search(index="docs", query=QUERY, sort=[{"_score": "asc"}])
    )
    pit = {"id": es.open_point_in_time(index="docs", keep_alive="1m")["id"]}
    assert ids(hooked.search(pit=pit, query=QUERY)) == ["2", "1"]
    assert ids(hooked.search(pit=pit, query=QUERY, sort=["_score"])) == ["1", "2"]


def test_a_point_in_time_needs_no_index(es: Elasticsearch, hooked: Elasticsearch) -> None:
    pit = es.open_point_in_time(index="docs", keep_alive="1m")["id"]
    assert ids(hooked.search(query=QUERY, pit={"id": pit})) == ["2", "1"]
    hooked.close_point_in_time(id=pit)


def test_only_searches_of_the_pipelines_index_pass_through(es: Elasticsearch) -> None:
    by_file = headpond.hook(es, {**RERANK, "index": {"name": "docs"}})
    by_hand = headpond.hook(es, RERANK, index=["other", "do*"])
    elsewhere = headpond.hook(es, RERANK, index="other")
    everywhere = headpond.hook(es, {**RERANK, "index": {"name": "other"}}, index="*")
    for client, changed in ((by_file, True), (by_hand, True), (elsewhere, False), (everywhere, True)):
        assert ids(client.search(index="docs", query=QUERY)) == (["2", "1"] if changed else ["1", "2"])
    assert ids(by_file.search(query=QUERY)) == ["1", "2"]


def test_errors_of_the_target_are_the_ones_it_gives(es: Elasticsearch, hooked: Elasticsearch) -> None:
    wrong: list[dict[str, Any]] = [
        {"index": "missing", "query": QUERY},
        {"index": "missing", "retriever": RRF, "size": 10},
        {"index": "docs", "query": {"matches": {"body": "x"}}},
        {"index": "docs", "query": QUERY, "size": -1},
        {"index": "docs", "query": QUERY, "size": "many"},
        {"index": "docs", "query": QUERY, "from_": -3},
    ]
    for search in wrong:
        errors = []
        for client in (es, hooked):
            with pytest.raises((NotFoundError, BadRequestError)) as caught:
                client.search(**search)
            errors.append((type(caught.value), caught.value.status_code, caught.value.error))
        assert errors[0] == errors[1], search
    assert hooked.options(ignore_status=404).search(index="missing", query=QUERY)["status"] == 404


def test_what_this_client_refuses_looks_like_elasticsearchs_refusal(hooked: Elasticsearch) -> None:
    with pytest.raises(BadRequestError, match="illegal_argument_exception") as caught:
        hooked.search(index="docs", retriever={"rrf": {"retrievers": [], "rank_window_sise": 3}})
    assert "rank_window_sise" in caught.value.body["error"]["reason"]


@pytest.mark.parametrize(
    "body",
    [
        {"retriever": {"rrf": {"retrievers": True}}},
        {"retriever": {"rrf": {"retrievers": [{"standard": "5"}]}}},
        {"retriever": {"rrf": {"retrievers": [{"match": {"retriever": 5}}]}}},
        {"retriever": {"rrf": "5"}},
        {"retriever": {"knn": 5}},
        {"retriever": 5},
        {"retriever": {}},
        {"rank": {"rrf": {}}, "query": {"match_all": {}}, "knn": [1]},
        {"rank": {"rrf": {}}, "query": {"match_all": {}}, "knn": {"field": "v", "query_vector": [1, 0], "k": {}}},
        {"knn": 5},
        {"query": {"match_all": {}}, "ext": 5},
    ],
)
@pytest.mark.parametrize("filtered", [True, False])
def test_a_body_that_is_malformed_is_a_bad_request(es: Elasticsearch, body: dict[str, Any], filtered: bool) -> None:
    only = [{"filter_query": {"query": {"match_all": {}}}}] if filtered else []
    hooked = headpond.hook(es, {**RERANK, "request_processors": only})
    with pytest.raises(BadRequestError):
        hooked.search(index="docs", body=body)


def test_options_of_a_hooked_client_keep_the_hook(hooked: Elasticsearch) -> None:
    assert ids(hooked.options(opaque_id="7", request_timeout=30).search(index="docs", query=QUERY)) == ["2", "1"]


class Tenant(Elasticsearch):
    """A subclass with something of its own."""

    tenant = "none"


def test_a_subclass_stays_one_with_what_it_holds(es: Elasticsearch) -> None:
    client = Tenant(_transport=es.transport)
    client.tenant = "seven"
    hooked = headpond.hook(client, RERANK)
    assert (type(hooked), hooked.tenant) == (Tenant, "seven")
    assert ids(hooked.search(index="docs", query=QUERY)) == ["2", "1"]
    assert hooked.indices.exists(index="docs")


def test_searches_of_the_dsl_are_ranked(hooked: Elasticsearch) -> None:
    search = Search(using=hooked, index="docs").query("match", body="water mill")
    assert [found.meta.id for found in search.execute()] == ["2", "1"]
    assert [found.meta.id for found in search[1:2].execute()] == ["1"]
    first, second = MultiSearch(using=hooked).add(search).add(search.extra(size=1)).execute()
    assert [found.meta.id for found in first] == ["2", "1"]
    assert [found.meta.id for found in second] == ["2"]
    assert sorted(found.meta.id for found in search.iterate()) == ["1", "2"]


def test_scrolls_go_through_untouched(wire: Wire) -> None:
    page = {**found(hit("a"), hit("b")), "_scroll_id": "s", "_shards": {"total": 1, "successful": 1, "skipped": 0}}
    wire.provider.then(Reply(200, page, HEADERS), Reply(200, {**page, **found(), "_scroll_id": "s"}, HEADERS))
    wire.provider.always = lambda asked: Reply(200, {"succeeded": True}, HEADERS)
    hooked = headpond.hook(wire.client, stages=[backwards])
    assert [hit["_id"] for hit in scan(hooked, index="docs", query={"query": QUERY})] == ["a", "b"]


def test_request_processors_work_on_any_clients_search(es: Elasticsearch) -> None:
    only = {"request_processors": [{"filter_query": {"query": {"term": {"kind.keyword": "a"}}}}]}
    assert ids(headpond.hook(es, only).search(index="docs", query=QUERY)) == ["1"]


def test_a_search_without_words_keeps_its_order_and_says_why(es: Elasticsearch, hooked: Elasticsearch) -> None:
    everything = {"match_all": {}}
    answer = hooked.search(index="docs", query=everything)
    assert ids(answer) == ids(es.search(index="docs", query=everything))
    assert answer["degraded"][0]["reason"] == "the query has no text to rank by"


def test_no_hits_stay_no_hits(hooked: Elasticsearch) -> None:
    answer = hooked.search(index="docs", query={"match": {"body": "zebra"}})
    assert (ids(answer), answer["hits"]["max_score"], "degraded" in answer) == ([], None, False)


def test_joined_is_the_other_way_round() -> None:
    target = joined("/a%2Fb/_search", {"routing": "ä ö", "pretty": ""})
    assert split(target) == ("/a%2Fb/_search", {"routing": "ä ö", "pretty": ""})
