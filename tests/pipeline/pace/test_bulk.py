"""Bulk requests that are cut to what the cluster takes, and items that are told apart by their bodies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from elastic_transport import ApiResponseMeta, BaseNode, HttpHeaders, NodeConfig
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch

from headpond.errors import JobError
from headpond.pipeline.bulk import BulkWriter, Line
from headpond.pipeline.pace.bulk_size import BulkSize
from headpond.pipeline.retry import Retry
from headpond.stages.record import Record

Items = list[dict[str, Any]]
REJECTED = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}}
FULL = {
    "status": 429,
    "error": {"type": "cluster_block_exception", "reason": "disk usage exceeded flood-stage watermark"},
}
THROTTLE = {
    "status": 400,
    "error": {"type": "status_exception", "reason": 'Error from remote service: {"message":null}'},
}
WRONG = {"status": 400, "error": {"type": "document_parsing_exception", "reason": "too many requests in field [n]"}}
FAULT = {"status": 500, "error": {"type": "exception", "reason": "a fault"}}
FORBIDDEN = {"status": 403, "error": {"type": "security_exception", "reason": "unauthorized"}}
GOOD = {"status": 201}
QUICK = Retry(attempts=4, base=0.001, longest=0.002)


class Cluster:
    """Answers bulk requests by a rule; remembers the documents of each."""

    def __init__(self, rule: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        cluster = self

        class Node(BaseNode):
            def perform_request(
                self, method: str, target: str, body: Any = None, headers: Any = None, request_timeout: Any = None
            ) -> NodeApiResponse:
                documents = [orjson.loads(line) for line in body.splitlines()[1::2]]
                cluster.requests.append(documents)
                items = [{"index": rule(len(cluster.requests), one)} for one in documents]
                names = {"x-elastic-product": "Elasticsearch", "content-type": "application/json"}
                meta = ApiResponseMeta(200, "1.1", HttpHeaders(names), 0.0, self.config)
                return NodeApiResponse(meta, orjson.dumps({"items": items}))

            def close(self) -> None:
                pass

        self.client = Elasticsearch([NodeConfig("http", "cluster", 9200)], node_class=Node)


def lines(*documents: dict[str, Any]) -> list[Line]:
    made = []
    for document in documents:
        record = Record({"body": "x", **document})
        record.id = str(document.get("id", document.get("n")))
        made.append(Line.of(record, "things"))
    return made


def write(cluster: Cluster, given: list[Line], size: BulkSize | None = None) -> None:
    BulkWriter(cluster.client, "things", QUICK, threading.Event(), lambda: None, size).write(given)


@pytest.mark.parametrize("passing", [REJECTED, THROTTLE, FAULT], ids=["429", "throttle as 400", "500"])
def test_an_item_that_passes_is_sent_again_alone(passing: dict[str, Any]) -> None:
    cluster = Cluster(lambda request, one: passing if one["n"] == 1 and request < 3 else GOOD)
    given = lines({"n": 0}, {"n": 1}, {"n": 2})
    write(cluster, given)
    assert [[one["n"] for one in request] for request in cluster.requests] == [[0, 1, 2], [1], [1]]
    assert all(line.record.failure is None for line in given)


def test_an_item_that_is_refused_is_sent_once() -> None:
    cluster = Cluster(lambda request, one: WRONG if one["n"] == 1 else GOOD)
    given = lines({"n": 0}, {"n": 1})
    write(cluster, given)
    assert len(cluster.requests) == 1
    assert given[0].record.failure is None
    assert given[1].record.failure is not None
    assert "too many requests in field [n]" in given[1].record.failure.error


def test_a_throttle_that_does_not_pass_is_told_with_its_tries() -> None:
    given = lines({"n": 0})
    write(Cluster(lambda request, one: REJECTED), given)
    assert given[0].record.failure is not None
    assert given[0].record.failure.attempts == QUICK.attempts


def test_a_throttle_is_waited_out_while_there_is_patience() -> None:
    cluster = Cluster(lambda request, one: REJECTED if request < 5 * QUICK.attempts else GOOD)
    given = lines({"n": 0})
    patient = replace(QUICK, patience=60.0)
    BulkWriter(cluster.client, "things", patient, threading.Event(), lambda: None).write(given)
    assert given[0].record.failure is None
    assert len(cluster.requests) == 5 * QUICK.attempts


def test_an_error_of_a_document_needs_no_patience() -> None:
    given = lines({"n": 0}, {"n": 1})
    cluster = Cluster(lambda request, one: FAULT if one["n"] else REJECTED if request < 10 else GOOD)
    BulkWriter(cluster.client, "things", replace(QUICK, patience=60.0), threading.Event(), lambda: None).write(given)
    assert [line.record.failure is None for line in given] == [True, False]
    assert sum(any(one["n"] for one in request) for request in cluster.requests) == QUICK.attempts


@pytest.mark.parametrize(("item", "tries"), [(FORBIDDEN, 1), (FULL, QUICK.attempts)], ids=["forbidden", "full disk"])
def test_a_target_that_takes_no_documents_ends_the_job_and_costs_none(item: dict[str, Any], tries: int) -> None:
    cluster, given = Cluster(lambda request, one: item), lines({"n": 0}, {"n": 1})
    with pytest.raises(JobError, match=r"the target takes no documents \(index \[things\]\): "):
        write(cluster, given)
    assert len(cluster.requests) == tries
    assert all(line.record.failure is None for line in given)


def test_an_older_document_does_not_replace_a_later_one_of_the_same_id() -> None:
    cluster = Cluster(lambda request, one: REJECTED if one["n"] == 1 and request == 1 else GOOD)
    write(cluster, lines({"id": "same", "n": 1}, {"id": "same", "n": 2}, {"n": 3}))
    assert [[one["n"] for one in request] for request in cluster.requests] == [[1, 2, 3]]


def test_an_older_document_is_sent_again_when_the_later_one_was_refused() -> None:
    cluster = Cluster(lambda request, one: WRONG if one["n"] == 2 else REJECTED if request == 1 else GOOD)
    write(cluster, lines({"id": "same", "n": 1}, {"id": "same", "n": 2}))
    assert [[one["n"] for one in request] for request in cluster.requests] == [[1, 2], [1]]


def test_requests_are_cut_to_what_the_cluster_takes() -> None:
    cluster, size = Cluster(lambda request, one: REJECTED if request == 1 else GOOD), BulkSize(400_000)
    given = lines(*({"n": place, "text": "x" * 20_000} for place in range(40)))
    write(cluster, given, size)
    sizes = [len(request) for request in cluster.requests]
    assert sizes[0] == 24  # 400,000 bytes and a quarter
    assert sizes[1] < sizes[0]
    assert sum(sizes) == 40 + sizes[0]
    assert all(line.record.failure is None for line in given)


def test_a_size_falls_with_refusals_grows_with_clean_answers_and_keeps_its_bounds() -> None:
    size = BulkSize(4_000_000)
    assert size.now == 1_000_000
    for _ in range(10):
        size.answered(1.0, size.now)
    assert size.now == 4_000_000
    size.refused(4_000_000)
    assert size.now == 2_000_000
    size.answered(1.0, 10)  # a small request says nothing
    assert size.now == 2_000_000
    size.answered(30.0, 2_000_000)
    assert size.now == 1_600_000
    for _ in range(20):
        size.refused(size.now)
    assert size.now == 65_536
    assert BulkSize(10).now == 10
