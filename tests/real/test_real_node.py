from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from tests.real.distribution import DEFAULT_VERSION
from tests.real.node import RealNode

pytestmark = pytest.mark.real


@pytest.fixture
def client(real_node: RealNode):
    with Elasticsearch(real_node.url) as client:
        yield client


def test_the_node_says_its_version_at_the_root(client: Elasticsearch):
    assert client.info()["version"]["number"] == DEFAULT_VERSION


def test_the_node_knows_the_english_analyzer(client: Elasticsearch):
    tokens = client.indices.analyze(analyzer="english", text="the running foxes")["tokens"]
    assert [token["token"] for token in tokens] == ["run", "fox"]


def test_the_node_listens_on_loopback_alone(client: Elasticsearch):
    (node,) = client.nodes.info(metric="http")["nodes"].values()
    assert [address.rpartition(":")[0] for address in node["http"]["bound_address"]] == ["127.0.0.1"]


def test_two_nodes_run_side_by_side(client: Elasticsearch):
    with RealNode(DEFAULT_VERSION) as other, Elasticsearch(other.url) as second:
        assert second.info()["cluster_uuid"] != client.info()["cluster_uuid"]
