"""What a target can do is found out from what it says, and from what it refuses."""

from __future__ import annotations

import pytest
from elastic_transport import ApiResponseMeta, BaseNode, HttpHeaders, NodeConfig
from elastic_transport._models import DEFAULT
from elasticsearch import Elasticsearch

from headpond.pipeline.query.capabilities import Capabilities
from headpond.stages.deadline import Deadline


def target(body: bytes) -> Elasticsearch:
    """A client of a target whose `GET /` answers this."""

    class Node(BaseNode):
        def perform_request(self, method, target, body=None, headers=None, request_timeout=DEFAULT):  # type: ignore[no-untyped-def]
            meta = ApiResponseMeta(
                200,
                "1.1",
                HttpHeaders({"content-type": "application/json", "x-elastic-product": "Elasticsearch"}),
                0.0,
                self.config,
            )
            return type("Answer", (tuple,), {"meta": meta, "body": ANSWER})((meta, ANSWER))

        def close(self) -> None: ...

    ANSWER = body
    return Elasticsearch([NodeConfig("http", "target", 9200)], node_class=Node)


@pytest.mark.parametrize(
    ("answer", "fuses"),
    [
        (b'{"version": {"number": "9.2.4"}}', True),
        (b'{"version": {"number": "10.0.0"}}', True),
        (b'{"version": {"number": "9.1.9"}}', False),
        (b'{"version": {"number": "9.3.0", "distribution": "opensearch"}}', False),
        (b'{"version": {"number": "main"}}', False),
        (b'{"version": null}', False),
        (b"{}", False),
    ],
)
def test_fusion_is_left_to_targets_that_are_new_enough(answer: bytes, fuses: bool) -> None:
    with target(answer) as client:
        assert Capabilities().fuses(client, Deadline()) is fuses
