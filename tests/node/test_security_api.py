"""The security API through the official client: what the pond has not, and what handlers must not let slip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, AuthorizationException, BadRequestError, Elasticsearch, NotFoundError

from headpond import connect
from headpond.node import Node
from headpond.node.transport import node_class

ELASTIC, PASSWORD = "only-for-elastic", "labpass-1"


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node(None, security=True, password=ELASTIC)
    yield node
    node.close()


@pytest.fixture
def es(node: Node) -> Elasticsearch:
    return as_user(node, "elastic", ELASTIC)


def as_user(node: Node, name: str, password: str = PASSWORD) -> Elasticsearch:
    return Elasticsearch("http://pond:9200", node_class=node_class(node), basic_auth=(name, password), max_retries=0)


def new_user(node: Node, *, cluster: Any = (), indices: dict[str, list[str]] | None = None) -> Elasticsearch:
    es = as_user(node, "elastic", ELASTIC)
    grants = [{"names": [name], "privileges": held} for name, held in (indices or {}).items()]
    es.security.put_role(name="r", cluster=list(cluster), indices=grants)
    es.security.put_user(username="u", password=PASSWORD, roles=["r"])
    return as_user(node, "u")


@pytest.mark.parametrize(
    ("role", "feature"),
    [
        ({"indices": [{"names": ["x"], "privileges": ["read"], "query": {"match_all": {}}}]}, "[query]"),
        (
            {"indices": [{"names": ["x"], "privileges": ["read"], "field_security": {"grant": ["a"]}}]},
            "[field_security]",
        ),
        ({"indices": [{"names": ["/a.*/"], "privileges": ["read"]}]}, "regular expression [/a.*/]"),
        ({"run_as": ["x"]}, "[run_as]"),
        ({"applications": [{"application": "app", "privileges": ["read"], "resources": ["*"]}]}, "[applications]"),
    ],
)
def test_roles_that_ask_for_what_the_pond_has_not_are_refused(
    role: dict[str, Any], feature: str, es: Elasticsearch
) -> None:
    with pytest.raises(ApiError) as caught:
        es.perform_request("PUT", "/_security/role/r", body=role, headers={"content-type": "application/json"})
    assert caught.value.meta.status == 501
    assert feature in caught.value.body["error"]["reason"]
    with pytest.raises(NotFoundError):
        es.security.get_role(name="r")


def test_a_hash_instead_of_a_password_is_refused(es: Elasticsearch) -> None:
    with pytest.raises(ApiError) as caught:
        es.security.put_user(username="u", password_hash="$2a$10$x", roles=[])
    assert caught.value.meta.status == 501


@pytest.mark.parametrize("path", ["/_security/role_mapping", "/_security/user/_privileges/x", "/_security/nope"])
def test_what_is_missing_of_the_namespace_is_named(path: str, es: Elasticsearch) -> None:
    with pytest.raises(ApiError) as caught:
        es.perform_request("POST", path, headers={"content-type": "application/json"}, body={})
    assert caught.value.meta.status == 501


def test_a_pond_without_security_says_how_to_get_it() -> None:
    with connect("memory", max_retries=0) as es, pytest.raises(ApiError, match="headpond serve --security") as caught:
        es.security.authenticate()
    assert caught.value.meta.status == 501


def test_a_wildcard_means_what_is_allowed(node: Node, es: Elasticsearch) -> None:
    for name in ("mine-1", "mine-2", "theirs"):
        es.index(index=name, id="1", document={"owner": name}, refresh=True)
    u = new_user(node, indices={"mine*": ["read", "view_index_metadata", "monitor", "maintenance", "manage"]})

    def found(answer: Any) -> set[str]:
        return {hit["_index"] for hit in answer["hits"]["hits"]}

    assert found(u.search()) == found(u.search(index="*")) == found(u.search(index="mine*")) == {"mine-1", "mine-2"}
    assert found(u.search(index="theirs", ignore_unavailable=True)) == set()
    assert found(u.search(index="*,-mine-1")) == {"mine-2"}
    assert u.count()["count"] == 2
    assert set(u.indices.get(index="*")) == set(u.indices.get_mapping()) == set(u.indices.stats()["indices"]) == {
        "mine-1", "mine-2",
    }  # fmt: skip
    assert {row["index"] for row in u.cat.indices(format="json")} == {"mine-1", "mine-2"}
    assert u.indices.refresh()["_shards"]["total"] == 4
    u.indices.put_settings(index="_all", settings={"number_of_replicas": 0})
    assert es.indices.get_settings(index="theirs")["theirs"]["settings"]["index"]["number_of_replicas"] == "1"
    with pytest.raises(BadRequestError, match="Wildcard expressions"):
        u.indices.delete(index="mine*")


def test_hidden_indices_stay_hidden(node: Node, es: Elasticsearch) -> None:
    es.indices.create(index="mine-hidden", settings={"index.hidden": True})
    es.index(index="mine-hidden", document={"a": 1}, refresh=True)
    es.index(index="mine-1", document={"a": 1}, refresh=True)
    u = new_user(node, indices={"mine*": ["read"]})
    assert es.count(index="mine*")["count"] == u.count(index="mine*")["count"] == 1


def test_an_alias_grants_what_it_shows_and_no_more(node: Node, es: Elasticsearch) -> None:
    for kind in ("a", "b"):
        es.index(index="books", id=kind, document={"kind": kind}, refresh=True)
    es.indices.put_alias(index="books", name="only-a", filter={"term": {"kind.keyword": "a"}})
    u = new_user(node, indices={"only-a": ["read"]})
    assert u.count(index="only-a")["count"] == u.count()["count"] == u.count(index="*")["count"] == 1
    with pytest.raises(AuthorizationException):
        u.count(index="books")
    with pytest.raises(AuthorizationException):
        u.get(index="books", id="b")


def test_no_body_reaches_what_a_path_may_not(node: Node, es: Elasticsearch) -> None:
    for name in ("mine", "theirs"):
        es.index(index=name, id="1", document={"a": 1}, refresh=True)
    u = new_user(node, indices={"mine": ["all"]})
    answer = u.mget(index="mine", docs=[{"_id": "1"}, {"_index": "theirs", "_id": "1"}])
    assert [("found" in doc, "error" in doc) for doc in answer["docs"]] == [(True, False), (False, True)]
    searches = [{}, {}, {"index": "theirs"}, {}, {"index": ["mine", "theirs"]}, {}]
    statuses = [one["status"] for one in u.msearch(index="mine", searches=searches)["responses"]]
    assert statuses == [200, 403, 403]
    operations = [{"delete": {"_id": "2"}}, {"delete": {"_index": "theirs", "_id": "1"}},
                  {"index": {"_index": "theirs", "_id": "1"}}, {}, {"create": {"_index": "new"}}, {}]  # fmt: skip
    items = u.bulk(index="mine", operations=operations)["items"]
    assert [next(iter(item.values()))["status"] for item in items] == [404, 403, 403, 403]
    assert es.get(index="theirs", id="1")["_version"] == 1
    assert not es.indices.exists(index="new")
    for action in (
        {"add": {"index": "theirs", "alias": "mine"}},
        {"add": {"index": "*", "alias": "theirs-too"}},
        {"add": {"index": "mine", "alias": "theirs"}},
        {"remove_index": {"index": "theirs"}},
    ):
        with pytest.raises(AuthorizationException):
            u.indices.update_aliases(actions=[action])
    with pytest.raises(AuthorizationException):
        u.indices.put_alias(index="mine", name="theirs-too")
    with pytest.raises(AuthorizationException):
        u.indices.create(index="mine", aliases={"theirs-too": {}})
    assert set(es.indices.get_alias()) == {"mine", "theirs"}


def test_keys_do_not_give_more_than_their_owner_has(node: Node) -> None:
    u = new_user(node, cluster=["manage_own_api_key", "monitor"], indices={"mine": ["read"]})
    everything = {"all": {"cluster": ["all"], "indices": [{"names": ["*"], "privileges": ["all"]}]}}
    made = u.security.create_api_key(name="greedy", role_descriptors=everything)
    key = Elasticsearch("http://pond:9200", node_class=node_class(node), api_key=made["encoded"], max_retries=0)
    assert key.info()
    with pytest.raises(AuthorizationException, match=f"API key id \\[{made['id']}\\] of user \\[u\\]"):
        key.security.put_user(username="u2", password=PASSWORD, roles=["superuser"])
    with pytest.raises(AuthorizationException):
        key.indices.create(index="mine")
    with pytest.raises(BadRequestError, match="derived"):
        key.security.create_api_key(name="derived", role_descriptors=everything)


def test_nobody_ends_keys_of_others_with_the_right_to_end_their_own(node: Node, es: Elasticsearch) -> None:
    theirs = es.security.create_api_key(name="theirs")
    u = new_user(node, cluster=["manage_own_api_key"])
    for asked in ({"ids": [theirs["id"]]}, {"name": "theirs"}, {"username": "elastic"}, {"realm_name": "reserved"}):
        with pytest.raises(AuthorizationException):
            u.security.invalidate_api_key(**asked)
    assert u.security.invalidate_api_key(ids=[theirs["id"]], owner=True)["invalidated_api_keys"] == []
    assert u.security.get_api_key(owner=True)["api_keys"] == []
    assert not es.security.get_api_key(id=theirs["id"])["api_keys"][0]["invalidated"]


def test_inference_is_for_those_who_may_infer(node: Node, es: Elasticsearch) -> None:
    es.inference.put(inference_id="e", task_type="sparse_embedding",
                     inference_config={"service": "fake", "service_settings": {}})  # fmt: skip
    es.security.put_user(username="asker", password=PASSWORD, roles=["inference_user"])
    asker = as_user(node, "asker")
    assert asker.inference.sparse_embedding(inference_id="e", input=["a"])["sparse_embedding"]
    with pytest.raises(AuthorizationException) as caught:
        asker.inference.put(inference_id="f", task_type="sparse_embedding",
                            inference_config={"service": "fake", "service_settings": {}})  # fmt: skip
    assert caught.value.body["error"]["reason"] == (
        "action [cluster:admin/xpack/inference/put] is unauthorized for user [asker] with effective roles "
        "[inference_user], this action is granted by the cluster privileges [manage_inference,manage,all]"
    )
