from typing import Any

from tests.services.case import SECRET, Case
from tests.services.cases.openai import bearer
from tests.services.provider import Asked, Reply


def answer(asked: Asked) -> Reply:
    """The AI Search Open Platform, as Elasticsearch's readers of its answers show it."""
    body, shared = asked.json(), {"request_id": "1", "latency": 38}
    if "messages" in body:
        usage = {"output_tokens": 3, "input_tokens": 2, "total_tokens": 5}
        return Reply(body={**shared, "result": {"text": body["messages"][-1]["content"]}, "usage": usage})
    if "docs" in body:
        order = sorted(range(len(body["docs"])), key=lambda index: -len(body["docs"][index]))
        scores = [{"index": index, "score": 0.5 ** (place + 1)} for place, index in enumerate(order)]
        return Reply(body={**shared, "usage": {"doc_count": len(order)}, "result": {"scores": scores}})
    texts, usage = body["input"], {"token_count": 11}
    if "sparse" in asked.path:
        rows = [[{"token_id": 6, "weight": 0.25, "token": text or "-"}] for text in texts]
        name = "sparse_embeddings"
    else:
        rows, name = [[float(len(text)), 1.0, 0.5] for text in texts], "embeddings"
    found = [{"index": index, "embedding": row} for index, row in enumerate(rows)]
    return Reply(body={**shared, "usage": usage, "result": {name: found}})


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="alibabacloud-ai-search",
        task_type=task_type,
        settings=lambda url: {
            "api_key": SECRET,
            "service_id": "ops-m-001",
            "host": url.removeprefix("http://"),
            "http_schema": "http",
            "workspace": "default",
        },
        answer=answer,
        error=lambda message: {"request_id": "1", "latency": 0, "code": "InvalidParameter", "message": message},
        authorized=bearer,
        required=("api_key", "service_id", "host", "workspace"),
        retried=(429,),
        **more,
    )


CASES = [
    _case("text_embedding", max_inputs=32),
    _case("sparse_embedding", max_inputs=32),
    _case("rerank"),
    _case("completion", streams=False, single=False),
]
