from typing import Any

from tests.services.case import SECRET
from tests.services.cases.openai import compatible_case
from tests.services.provider import Asked, Reply


def embeddings(asked: Asked) -> Reply:
    """Text-embeddings-inference's `/embed`."""
    return Reply(body=[[float(len(text)), 1.0, 0.5] for text in asked.json()["inputs"]])


def sparse(asked: Asked) -> Reply:
    """A model of Elastic's kind."""
    return Reply(body=[{text[:1]: 0.5 + len(text)} for text in asked.json()["inputs"]])


def ranking(asked: Asked) -> Reply:
    """A server that takes documents as Elasticsearch sends them."""
    body = asked.json()
    documents = body["documents"]
    order = sorted(range(len(documents)), key=lambda index: -len(documents[index]))[: body.get("top_n")]
    text = {"text": "x"} if body.get("return_documents") else {}
    scores = [{"index": index, "score": 0.5 ** (place + 1), **text} for place, index in enumerate(order)]
    return Reply(body=[{**item, "text": documents[item["index"]]} if text else item for item in scores])


SHARED: dict[str, Any] = {
    "settings": lambda url: {"api_key": SECRET, "url": url},
    "error": lambda message: {"error": message, "error_type": "Backend"},
    "required": ("api_key", "url"),
    "retried": (429, 503),
}
CHAT: dict[str, Any] = {
    **SHARED,
    "settings": lambda url: {"api_key": SECRET, "url": f"{url}/v1/chat/completions"},
    "checked": ("OpenAI's SDK",),
}
CHECKED = ("published schema",)
CASES = [
    compatible_case("hugging_face", "text_embedding", "", max_inputs=32, answer=embeddings, checked=CHECKED, **SHARED),
    compatible_case("hugging_face", "sparse_embedding", "", max_inputs=32, answer=sparse, checked=CHECKED, **SHARED),
    compatible_case("hugging_face", "rerank", "", answer=ranking, checked=CHECKED, **SHARED),
    compatible_case("hugging_face", "completion", "", **CHAT),
    compatible_case("hugging_face", "chat_completion", "", **CHAT),
]
