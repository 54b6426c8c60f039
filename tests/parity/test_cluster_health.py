from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex

pytestmark = pytest.mark.parity


def test_health_tells_of_one_node(es: Elasticsearch):
    health = es.cluster.health()
    assert health["number_of_nodes"] == health["number_of_data_nodes"] == 1
    assert health["timed_out"] is False
    assert health["status"] in ("green", "yellow")


def test_health_of_an_index_with_replicas_is_yellow(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    health = es.cluster.health(index=make_index())
    assert health["status"] == "yellow"
    kept = {key: value for key, value in health.body.items() if "percent" not in key and key != "cluster_name"}
    recorded("health", {**kept, "task_max_waiting_in_queue_millis": 0, "number_of_pending_tasks": 0})


def test_health_of_an_index_without_replicas_is_green(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(settings={"number_of_replicas": 0})
    health = es.cluster.health(index=name, wait_for_status="green", timeout="10s")
    assert (health["status"], health["active_shards"], health["unassigned_shards"]) == ("green", 1, 0)


def test_waiting_for_what_does_not_come_answers_408(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    answer = es.options(ignore_status=408).cluster.health(index=name, wait_for_status="green", timeout="100ms")
    assert answer.meta.status == 408
    assert answer["timed_out"] is True
    assert answer["status"] == "yellow"


def test_health_by_index(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    recorded("indices", es.cluster.health(index=name, level="indices")["indices"])
