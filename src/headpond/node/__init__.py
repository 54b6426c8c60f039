"""The pond: an Elasticsearch-compatible node inside the process."""

from headpond.node.http import Request, Response
from headpond.node.node import Node

__all__ = ["Node", "Request", "Response"]
