from typing import Any

from tests.services.case import SECRET, Case
from tests.services.provider import Asked, Reply

REQUESTS = {
    "text_embedding": '{"texts": ${input}, "kind": ${input_type}, "key": ${api_key}}',
    "sparse_embedding": '{"texts": ${input}, "key": ${api_key}}',
    "rerank": '{"query": ${query}, "texts": ${input}, "key": ${api_key}}',
    "completion": '{"prompt": ${input}, "key": ${api_key}}',
}
PARSERS = {
    "text_embedding": {"text_embeddings": "$.result.rows[*].vector"},
    "sparse_embedding": {"token_path": "$.result.rows[*].terms[*].t", "weight_path": "$.result.rows[*].terms[*].w"},
    "rerank": {
        "relevance_score": "$.result.rows[*].score",
        "reranked_index": "$.result.rows[*].place",
        "document_text": "$.result.rows[*].document.text",
    },
    "completion": {"completion_result": "$.result.rows[*].text"},
}


def answer(asked: Asked) -> Reply:
    """A provider that nobody knows."""
    body = asked.json()
    return Reply(body={"result": {"rows": _rows(body)}, "took": 5})


def _rows(body: Any) -> list[dict[str, Any]]:
    if "prompt" in body:
        return [{"text": body["prompt"]}]
    texts = body["texts"]
    if "kind" in body:
        return [{"vector": [float(len(text)), 1.0, 0.5]} for text in texts]
    if "query" not in body:
        return [{"terms": [{"t": 7, "w": 0.5}, {"t": text or "-", "w": 1.5}]} for text in texts]
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    return [{"place": i, "score": 0.5 ** (n + 1), "document": {"text": texts[i]}} for n, i in enumerate(order)]


def _authorized(asked: Asked) -> bool:
    body, headers = asked.json(), asked.headers
    return headers["x-key"] == f"Key {SECRET}" and body["key"] == SECRET and f"/{SECRET}?key={SECRET}" in asked.path


def _settings(task_type: str, url: str) -> dict[str, Any]:
    return {
        "secret_parameters": {"api_key": SECRET},
        "url": url + "/${api_key}",
        "headers": {"X-Key": "Key ${api_key}"},
        "query_parameters": [["key", "${api_key}"]],
        "request": REQUESTS[task_type],
        "response": {"json_parser": PARSERS[task_type]},
        "input_type": {"translation": {"ingest": "document", "search": "query"}, "default": "any"},
    }


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="custom",
        task_type=task_type,
        settings=lambda url: _settings(task_type, url),
        answer=answer,
        error=lambda message: message,
        authorized=_authorized,
        required=("url", "request", "response"),
        secrets=("secret_parameters",),
        retried=(429,),
        **more,
    )


CASES = [
    _case("text_embedding", max_inputs=10),
    _case("sparse_embedding", max_inputs=10),
    _case("rerank"),
    _case("completion", streams=False),
]
