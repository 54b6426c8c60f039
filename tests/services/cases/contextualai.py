from tests.services.case import SECRET, Case
from tests.services.cases.openai import bearer
from tests.services.provider import Asked, Reply


def answer(asked: Asked) -> Reply:
    """Contextual AI's rerank, as https://docs.contextual.ai/api-reference/rerank/rerank shows it."""
    body = asked.json()
    documents = body["documents"]
    order = sorted(range(len(documents)), key=lambda index: -len(documents[index]))[: body.get("top_n")]
    results = [{"index": index, "relevance_score": 0.5 ** (place + 1)} for place, index in enumerate(order)]
    return Reply(body={"results": results})


CASES = [
    Case(
        service="contextualai",
        task_type="rerank",
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        answer=answer,
        error=lambda message: {"detail": message},
        authorized=bearer,
        required=("api_key", "model_id"),
    )
]
