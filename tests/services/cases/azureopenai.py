import hashlib
from typing import Any
from urllib.parse import parse_qs

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


def client_settings(url: str) -> dict[str, Any]:
    client = {"client_secret": SECRET, "client_id": "id", "scopes": ["all"], "tenant_id": "t"}
    named = {name: value for name, value in settings(url).items() if name != "api_key"}
    return {**named, **client, "token_url": f"{url}/t/oauth2/v2.0/token"}


def client_answer(asked: Asked) -> Reply:
    """Entra ID, and Azure's embeddings."""
    if fetches(asked):
        (secret,) = parse_qs(asked.body.decode())["client_secret"]
        return Reply(body={"token_type": "Bearer", "expires_in": 3599, "access_token": token_of(secret)})
    return embeddings(asked)


def fetches(asked: Asked) -> bool:
    return asked.path == "/t/oauth2/v2.0/token"


def token_of(secret: str) -> str:
    """The bearer token that the stand-in gives for a client's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


SHARED: dict[str, Any] = {
    "settings": settings,
    "authorized": keyed,
    "required": ("resource_name", "deployment_id", "api_version"),
    "secrets": ("api_key",),
    "checked": ("OpenAI's SDK",),
}


def client_authorized(asked: Asked) -> bool:
    if fetches(asked):
        return parse_qs(asked.body.decode())["client_secret"] == [SECRET]
    return asked.headers["authorization"] == f"Bearer {token_of(SECRET)}"


CLIENT: dict[str, Any] = {
    **SHARED,
    "settings": client_settings,
    "checked": (),
    "authorized": client_authorized,
    "secrets": ("client_secret",),
    "fetches": fetches,
    "renews": True,
}
CASES = [
    compatible_case("azureopenai", "text_embedding", "", max_inputs=2048, answer=client_answer, **CLIENT),
    compatible_case("azureopenai", "text_embedding", "", max_inputs=2048, answer=embeddings, **SHARED),
    compatible_case("azureopenai", "completion", "", **SHARED),
    compatible_case("azureopenai", "chat_completion", "", **SHARED),
]
