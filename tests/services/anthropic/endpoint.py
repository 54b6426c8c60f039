"""The endpoint that is asked."""

from typing import Any

from elasticsearch import Elasticsearch

from tests.services.provider import Provider


def put(
    client: Elasticsearch, provider: Provider, task_type: str = "completion", max_tokens: int = 7, **task_settings: Any
) -> dict[str, Any]:
    config = {
        "service": "anthropic",
        "service_settings": {"api_key": "hunter2", "model_id": "m", "url": provider.url},
        "task_settings": {"max_tokens": max_tokens, **task_settings},
    }
    stored = client.inference.put(task_type=task_type, inference_id="a", inference_config=config).body
    provider.asked.clear()
    return dict(stored)
