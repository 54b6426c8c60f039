"""The pond's own inference for pipelines that run beside it: asked in process, in nobody's name.

Elasticsearch does the same: inference that a search needs is asked for by the node, so that whoever may search needs no
privilege for inference.
"""

from __future__ import annotations

from elastic_transport import HttpHeaders
from elastic_transport._models import DEFAULT, DefaultType
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch

from headpond.node.node import Node
from headpond.node.transport import INFERENCE, PondNode, ask, node_class
from headpond.serializer import SERIALIZERS


class OwnPondNode(PondNode):
    """Calls the pond's `_inference` and nothing else; closing it leaves the pond open."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Answers from the pond."""
        if not target.startswith(INFERENCE):
            raise ValueError(f"{target} is no inference")
        return ask(self.pond, self.config, method, target, body, headers, own=True)

    def close(self) -> None:
        """Does nothing."""


def own_client(node: Node) -> Elasticsearch:
    """A client for a pond's inference."""
    return Elasticsearch("http://pond:9200", node_class=node_class(node, OwnPondNode), serializers=SERIALIZERS)
