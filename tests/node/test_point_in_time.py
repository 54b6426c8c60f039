"""Points in time of the pond: whose they are, how long they live, and what they refuse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, AuthorizationException, BadRequestError, Elasticsearch, NotFoundError

from headpond.node import Node
from headpond.node.store import writer
from headpond.node.transport import node_class

PASSWORD = "labpass-1"


def client(node: Node, name: str = "elastic") -> Elasticsearch:
    return Elasticsearch("http://pond:9200", node_class=node_class(node), basic_auth=(name, PASSWORD), max_retries=0)


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node(None, security=True, password=PASSWORD)
    es = client(node)
    for index in ("open", "closed"):
        es.index(index=index, id="1", document={"n": 1}, refresh=True)
    for name in ("one", "two"):
        es.security.put_role(name=name, indices=[{"names": ["open"], "privileges": ["read"]}])
        es.security.put_user(username=name, password=PASSWORD, roles=[name])
    yield node
    node.close()


def test_only_what_may_be_read_can_be_frozen(node: Node) -> None:
    one = client(node, "one")
    with pytest.raises(AuthorizationException):
        one.open_point_in_time(index="closed", keep_alive="1m")
    pit = one.open_point_in_time(index="*", keep_alive="1m")["id"]
    assert [hit["_index"] for hit in one.search(pit={"id": pit})["hits"]["hits"]] == ["open"]


def test_it_is_of_use_to_its_maker_alone(node: Node) -> None:
    one, two = client(node, "one"), client(node, "two")
    pit = one.open_point_in_time(index="open", keep_alive="1m")["id"]
    with pytest.raises(NotFoundError):
        two.search(pit={"id": pit})
    with pytest.raises(NotFoundError):
        two.close_point_in_time(id=pit)
    assert one.close_point_in_time(id=pit)["num_freed"] == 1


def test_it_ends_with_the_right_to_read(node: Node) -> None:
    one = client(node, "one")
    pit = one.open_point_in_time(index="open", keep_alive="1m")["id"]
    client(node).security.put_role(name="one", indices=[{"names": ["other"], "privileges": ["read"]}])
    with pytest.raises(AuthorizationException):
        one.search(pit={"id": pit})


def test_sources_of_replaced_documents_stay_as_long_as_it_does(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "LINGER", 0.0)
    es = client(node)
    pit = es.open_point_in_time(index="open", keep_alive="5m")["id"]
    for n in range(2, 5):
        es.index(index="open", id="1", document={"n": n}, refresh=True)
    assert [hit["_source"] for hit in es.search(pit={"id": pit})["hits"]["hits"]] == [{"n": 1}]
    es.close_point_in_time(id=pit)
    es.index(index="open", id="1", document={"n": 5}, refresh=True)
    es.index(index="open", id="1", document={"n": 6}, refresh=True)
    with node.database.reading() as connection:
        kept = connection.execute("SELECT count(*) FROM superseded").fetchone()[0]
    assert kept <= 1


def test_it_is_forgotten_when_its_time_is_over(node: Node) -> None:
    es = client(node)
    pit = es.open_point_in_time(index="open", keep_alive="1ms")["id"]
    time.sleep(0.01)
    with pytest.raises(NotFoundError):
        es.search(pit={"id": pit})
    (index,) = node.indices.resolve("open")
    assert index.writer.pins == {}


def test_a_text_that_is_no_id_is_refused(node: Node) -> None:
    es = client(node)
    with pytest.raises(BadRequestError, match=r"failed to parse field \[id\]"):
        es.search(pit={"id": "abc"})
    with pytest.raises(BadRequestError, match=r"\[abc\] is not the id of a point in time"):
        es.close_point_in_time(id="abc")


@pytest.mark.parametrize(
    ("body", "feature"),
    [({"slice": {"id": 0, "max": 2, "field": "n"}}, "[field] of [slice]")],
)
def test_what_is_missing_is_named(node: Node, body: dict[str, Any], feature: str) -> None:
    es = client(node)
    pit = es.open_point_in_time(index="open", keep_alive="1m")["id"]
    with pytest.raises(ApiError) as caught:
        es.search(body={"pit": {"id": pit}, **body})
    assert caught.value.meta.status == 501
    assert feature in caught.value.body["error"]["reason"]
    with pytest.raises(ApiError) as caught:
        es.open_point_in_time(index="open", keep_alive="1m", index_filter={"match_all": {}})
    assert caught.value.meta.status == 501
