from typing import Any

from tests.services.cases.openai import compatible_case
from tests.services.provider import Asked, Reply


def embeddings(asked: Asked) -> Reply:
    """Llama Stack's own embeddings."""
    return Reply(body={"embeddings": [[float(len(text)), 1.0, 0.5] for text in asked.json()["contents"]]})


SHARED: dict[str, Any] = {"required": ("url", "model_id"), "error": lambda message: {"detail": message}}
CHAT = "/v1/openai/v1/chat/completions"
CASES = [
    compatible_case("llama", "text_embedding", "/v1/inference/embeddings", max_inputs=20, answer=embeddings, **SHARED),
    compatible_case("llama", "completion", CHAT, checked=("OpenAI's SDK",), **SHARED),
    compatible_case("llama", "chat_completion", CHAT, checked=("OpenAI's SDK",), **SHARED),
]
