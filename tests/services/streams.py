"""Streamed answers, asked for by the official client as a user of any language would."""

from __future__ import annotations

import json
from typing import Any

from elasticsearch import Elasticsearch

HEADERS = {"accept": "text/event-stream", "content-type": "application/json"}


def stream(client: Elasticsearch, endpoint: str, body: dict[str, Any], **query: str) -> str:
    """The whole text of a streamed answer; `endpoint` is the task type and the id, as in `completion/e`."""
    path = f"/_inference/{endpoint}/_stream"
    return str(client.perform_request("POST", path, params=query, headers=HEADERS, body=body).body)


def pieces(text: str) -> list[Any]:
    """The data of a stream, an error at its end among them."""
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: {")]


def whole(text: str) -> list[Any]:
    """The data of a stream that came to its end."""
    assert text.rstrip().endswith("data: [DONE]"), text
    return pieces(text)


def chat(client: Elasticsearch, inference_id: str, *messages: dict[str, Any], **options: Any) -> list[Any]:
    """The chunks of a chat completion."""
    return whole(stream(client, f"chat_completion/{inference_id}", {"messages": list(messages), **options}))


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}
