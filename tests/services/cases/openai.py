from typing import Any

from tests.services.case import SECRET, Case
from tests.services.conftest import openai_embeddings
from tests.services.provider import Asked, Reply, server_sent


def chat_answer(asked: Asked) -> Reply:
    """OpenAI's chat completions: the words of the last message come back, whole or one by one."""
    body = asked.json()
    content = body["messages"][-1]["content"]
    words = content.split(" ") if isinstance(content, str) else [part["text"] for part in content]
    usage = {"prompt_tokens": 2, "completion_tokens": len(words), "total_tokens": 2 + len(words)}
    shared = {"id": "chatcmpl-1", "created": 1, "model": body.get("model", "m")}
    if not body["stream"]:
        message = {"role": "assistant", "content": " ".join(words), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return Reply(body={**shared, "object": "chat.completion", "choices": [choice], "usage": usage})
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": words[0]}]
    deltas += [{"content": f" {word}"} for word in words[1:]]
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"})
    kind = {**shared, "object": "chat.completion.chunk"}
    events: list[dict[str, Any]] = [{**kind, "choices": [choice], "usage": None} for choice in choices]
    return Reply(parts=server_sent(*events, {**kind, "choices": [], "usage": usage}))


def error(message: str) -> Any:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}}


def bearer(asked: Asked) -> bool:
    return asked.headers["authorization"] == f"Bearer {SECRET}"


def compatible_case(service: str, task_type: str, path: str, **more: Any) -> Case:
    """A case of a service whose provider speaks OpenAI's API, behind a key, at an address that is taken as it is."""
    described: dict[str, Any] = {
        "settings": lambda url: {"api_key": SECRET, "model_id": "m", "url": url + path},
        "answer": openai_embeddings if task_type == "text_embedding" else chat_answer,
        "error": error,
        "authorized": bearer,
        "required": ("api_key", "model_id"),
    }
    return Case(service=service, task_type=task_type, **{**described, **more})


CHECKED = ("published schema",)
CASES = [
    compatible_case("openai", "text_embedding", "/v1/embeddings", max_inputs=2048, checked=CHECKED),
    compatible_case("openai", "completion", "/v1/chat/completions", checked=CHECKED),
    compatible_case("openai", "chat_completion", "/v1/chat/completions", checked=CHECKED),
]
