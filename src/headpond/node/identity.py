"""Names and the version that the node speaks."""

from __future__ import annotations

VERSION = "9.2.4"
"""The Elasticsearch whose REST API the node speaks."""

BUILD_DATE = "2026-01-08T22:07:25.170027027Z"
CLUSTER_NAME = "headpond"
NODE_NAME = "pond"
NODE_ID = "pond0000000000000000AA"
