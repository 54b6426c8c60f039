from typing import Any

from tests.services.case import SECRET, Case
from tests.services.cases.openai import bearer
from tests.services.provider import Asked, Reply


def answer(asked: Asked) -> Reply:
    """Voyage AI's embeddings and rerank, as https://docs.voyageai.com/reference shows them."""
    body = asked.json()
    if asked.path.endswith("/rerank"):
        documents = body["documents"]
        order = sorted(range(len(documents)), key=lambda index: -len(documents[index]))[: body.get("top_k")]
        data: list[dict[str, Any]] = [
            {"relevance_score": 0.5 ** (place + 1), "index": index} for place, index in enumerate(order)
        ]
        if body.get("return_documents"):
            data = [{**item, "document": documents[item["index"]]} for item in data]
    else:
        kind = body["output_dtype"]
        rows = [[float(len(text)), 1.0, 0.5] if kind == "float" else [len(text), -1] for text in body["input"]]
        data = [{"object": "embedding", "embedding": row, "index": index} for index, row in enumerate(rows)]
    return Reply(body={"object": "list", "data": data, "model": body["model"], "usage": {"total_tokens": 7}})


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="voyageai",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        answer=answer,
        error=lambda message: {"detail": message},
        authorized=bearer,
        required=("api_key", "model_id"),
        retried=(429, 500),
        **more,
    )


CASES = [_case("text_embedding", max_inputs=1000), _case("rerank")]
