from typing import Any

from tests.services.case import SECRET
from tests.services.cases.openai import compatible_case
from tests.services.provider import Asked, Reply


def settings(url: str) -> dict[str, Any]:
    named = {"resource_name": "r", "deployment_id": "d", "api_version": "2024-10-21"}
    return {"api_key": SECRET, **named, "url": url}


def embeddings(asked: Asked) -> Reply:
    """Azure's embeddings."""
    texts = asked.json()["input"]
    data = [
        {"object": "embedding", "index": index, "embedding": [float(len(text)), 1.0, 0.5]}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return Reply(body={"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage})


def keyed(asked: Asked) -> bool:
    return asked.headers["api-key"] == SECRET and "authorization" not in asked.headers


SHARED: dict[str, Any] = {
    "settings": settings,
    "authorized": keyed,
    "required": ("resource_name", "deployment_id", "api_version"),
    "secrets": ("api_key",),
    "checked": ("OpenAI's SDK",),
}
CASES = [
    compatible_case("azureopenai", "text_embedding", "", max_inputs=2048, answer=embeddings, **SHARED),
    compatible_case("azureopenai", "completion", "", **SHARED),
    compatible_case("azureopenai", "chat_completion", "", **SHARED),
]
