from typing import Any

from tests.services.case import SECRET
from tests.services.cases.openai import compatible_case
from tests.services.conftest import openai_embeddings
from tests.services.provider import Asked, Reply


def error(message: str) -> Any:
    return {"object": "error", "message": message, "type": "invalid_request_error", "param": None, "code": "3210"}


def embeddings(asked: Asked) -> Reply:
    """OpenAI's with an `id`."""
    body = openai_embeddings(asked).body
    return Reply(body={"id": "1", **body})


SHARED: dict[str, Any] = {
    "settings": lambda url: {"api_key": SECRET, "model": "m", "url": url},
    "error": error,
    "required": ("api_key", "model"),
    "checked": ("vendor's SDK",),
}
CASES = [
    compatible_case("mistral", "text_embedding", "", max_inputs=96, answer=embeddings, **SHARED),
    compatible_case("mistral", "completion", "", **SHARED),
    compatible_case("mistral", "chat_completion", "", **SHARED),
]
