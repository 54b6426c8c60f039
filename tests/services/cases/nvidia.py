from typing import Any

from tests.services.cases.openai import compatible_case
from tests.services.provider import Asked, Reply


def ranking(asked: Asked) -> Reply:
    """NVIDIA's rerank, best first, as https://docs.nvidia.com/nim/nemo-retriever/text-reranking shows it."""
    body = asked.json()
    lengths = [len(passage["text"]) for passage in body["passages"]]
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    return Reply(body={"rankings": [{"index": index, "logit": float(lengths[index])} for index in order]})


SHARED: dict[str, Any] = {
    "error": lambda message: {"type": "about:blank", "status": 400, "title": "Bad Request", "detail": message}
}
CASES = [
    compatible_case("nvidia", "text_embedding", "/v1/embeddings", max_inputs=20, checked=("OpenAI's SDK",), **SHARED),
    compatible_case("nvidia", "rerank", "/v1/ranking", answer=ranking, **SHARED),
    compatible_case("nvidia", "completion", "/v1/chat/completions", checked=("OpenAI's SDK",), **SHARED),
    compatible_case("nvidia", "chat_completion", "/v1/chat/completions", checked=("OpenAI's SDK",), **SHARED),
]
