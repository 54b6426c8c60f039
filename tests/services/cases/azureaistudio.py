from typing import Any

from tests.services.case import SECRET, Case
from tests.services.cases.openai import error
from tests.services.conftest import cohere_answer
from tests.services.provider import Asked, Reply, server_sent


def answer(asked: Asked) -> Reply:
    """A deployment by the token: OpenAI's embeddings and chat, Cohere's rerank; realtime: `{"output"}`."""
    body = asked.json()
    if "documents" in body:
        return cohere_answer(asked)
    if "input_data" in body:
        text = body["input_data"]["input_string"][-1]["content"]
        return _streamed(text) if body.get("stream") else Reply(body={"output": text})
    if "messages" in body:
        text = body["messages"][-1]["content"]
        if body.get("stream"):
            return _streamed(text)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
        return Reply(body={"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage})
    data = [{"index": index, "embedding": [float(len(text)), 1.0, 0.5]} for index, text in enumerate(body["input"])]
    return Reply(body={"object": "list", "data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}})


def _streamed(text: str) -> Reply:
    first, *rest = text.split(" ")
    deltas = [{"content": word} for word in (first, *(f" {word}" for word in rest))]
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    return Reply(parts=server_sent(*events, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))


def _case(task_type: str, provider: str, header: str, **more: Any) -> Case:
    return Case(
        service="azureaistudio",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "target": url, "provider": provider, "endpoint_type": "token"},
        answer=answer,
        error=error,
        authorized=lambda asked: asked.headers[header] == SECRET,
        required=("api_key", "target", "provider", "endpoint_type"),
        **more,
    )


CASES = [
    _case("text_embedding", "openai", "api-key", max_inputs=2048),
    _case("completion", "meta", "authorization"),
    _case("rerank", "cohere", "authorization"),
]
