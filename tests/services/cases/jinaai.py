from typing import Any

from tests.services.case import SECRET, Case
from tests.services.cases.openai import bearer
from tests.services.provider import Asked, Reply


def answer(asked: Asked) -> Reply:
    """Jina AI's embeddings and rerank, as https://api.jina.ai/redoc shows them."""
    body = asked.json()
    usage = {"total_tokens": 5, "prompt_tokens": 5}
    if asked.path.endswith("/rerank"):
        documents = body["documents"]
        order = sorted(range(len(documents)), key=lambda index: -len(documents[index]))[: body.get("top_n")]
        with_text = body.get("return_documents", False)
        results: list[dict[str, Any]] = [
            {"index": index, "relevance_score": 0.5 ** (place + 1)} for place, index in enumerate(order)
        ]
        if with_text:
            results = [{**item, "document": {"text": documents[item["index"]]}} for item in results]
        return Reply(body={"model": body["model"], "object": "list", "usage": usage, "results": results})
    kind = body["embedding_type"]
    rows = [[float(len(text)), 1.0, 0.5] if kind == "float" else [len(text), -1] for text in body["input"]]
    data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
    return Reply(body={"model": body["model"], "object": "list", "usage": usage, "data": data})


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="jinaai",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        answer=answer,
        error=lambda message: {"detail": message},
        authorized=bearer,
        required=("api_key", "model_id"),
        retried=(429, 500),
        **more,
    )


CASES = [_case("text_embedding", max_inputs=2048), _case("rerank")]
