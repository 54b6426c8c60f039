from __future__ import annotations

from pathlib import Path

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


def test_ports_and_folders_are_the_nodes_own_so_that_several_may_run(client: Elasticsearch):
    (node,) = client.nodes.info(metric="settings", flat_settings=True)["nodes"].values()
    assert (node["settings"]["http.port"], node["settings"]["transport.port"]) == ("0", "0")
    assert all(
        Path(node["settings"][f"path.{kind}"]).parent.name.startswith("headpond-real-es-") for kind in ("data", "logs")
    )
