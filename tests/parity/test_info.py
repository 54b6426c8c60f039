from __future__ import annotations

import re

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded

pytestmark = pytest.mark.parity


def test_the_root_says_who_answers(es: Elasticsearch):
    info = es.info()
    assert info["tagline"] == "You Know, for Search"
    assert set(info) == {"name", "cluster_name", "cluster_uuid", "version", "tagline"}
    assert re.fullmatch(r"9\.\d+\.\d+", info["version"]["number"])
    assert {"build_flavor", "build_hash", "lucene_version", "minimum_wire_compatibility_version"} <= set(
        info["version"]
    )


@pytest.mark.differs("9.5.0", "another version says another number")
def test_the_version_is_the_one_that_answers_are_validated_on(es: Elasticsearch, recorded: Recorded):
    recorded("number", es.info()["version"]["number"])


def test_ping_finds_the_node(es: Elasticsearch):
    assert es.ping()


@pytest.mark.pond_only("the real node says its own flavour")
def test_the_pond_does_not_pass_itself_off_as_elasticsearch(es: Elasticsearch):
    assert es.info()["version"]["build_flavor"] == "headpond"
