import hashlib
import json
from typing import Any
from urllib.parse import parse_qs

from tests.services.case import SECRET, Case
from tests.services.provider import Asked, Reply


def token_of(key: str) -> str:
    """The bearer token that the stand-in gives for an API key."""
    return hashlib.sha256(key.encode()).hexdigest()


def fetches(asked: Asked) -> bool:
    return asked.path == "/identity/token"


def answer(asked: Asked) -> Reply:
    """IBM's identity service and watsonx.ai, as https://cloud.ibm.com/apidocs/watsonx-ai shows them."""
    if fetches(asked):
        (key,) = parse_qs(asked.body.decode())["apikey"]
        return Reply(body={"access_token": token_of(key), "token_type": "Bearer", "expires_in": 3600})
    body, what = asked.json(), asked.path.partition("?")[0].rpartition("/")[2]
    shared = {"model_id": body["model_id"], "created_at": "2025-01-01T00:00:00.000Z"}
    if what == "embeddings":
        results = [{"embedding": [float(len(text)), 1.0, 0.5]} for text in body["inputs"]]
        return Reply(body={**shared, "results": results, "input_token_count": 10})
    if what == "rerank":
        return Reply(body={**shared, "results": _ranked(body), "input_token_count": 20})
    content = body["messages"][-1]["content"]
    first, *rest = (content if isinstance(content, str) else content[0]["text"]).split(" ")
    words = [first, *(f" {word}" for word in rest)]
    usage = {"completion_tokens": len(words), "prompt_tokens": 2, "total_tokens": 2 + len(words)}
    shared |= {"id": "chat-1", "model": body["model_id"], "created": 1}
    if what == "chat":
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return Reply(body={**shared, "choices": [choice], "usage": usage})
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": word} for word in words]
    choices = [{"index": 0, "finish_reason": None, "delta": delta} for delta in deltas]
    choices.append({"index": 0, "finish_reason": "stop", "delta": {"content": ""}})
    events = [{**shared, "choices": [choice]} for choice in choices] + [{**shared, "choices": [], "usage": usage}]
    return Reply(parts=[event(number, item) for number, item in enumerate(events, 1)])


def event(number: int, data: Any, name: str = "message") -> bytes:
    """One event of a stream as IBM frames it; there is no `[DONE]`."""
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _ranked(body: Any) -> list[dict[str, Any]]:
    texts = [item["text"] for item in body["inputs"]]
    options = body.get("parameters", {}).get("return_options", {})
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))[: options.get("top_n")]
    results: list[dict[str, Any]] = [{"index": index, "score": 0.5 ** (n + 1)} for n, index in enumerate(order)]
    return [{**item, "input": {"text": texts[item["index"]]}} if options.get("inputs") else item for item in results]


def _authorized(asked: Asked) -> bool:
    if fetches(asked):
        return parse_qs(asked.body.decode())["apikey"] == [SECRET]
    return asked.headers["authorization"] == f"Bearer {token_of(SECRET)}"


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="watsonxai",
        task_type=task_type,
        settings=lambda url: {
            "api_key": SECRET,
            "url": url,
            "api_version": "2024-05-02",
            "model_id": "m",
            "project_id": "p",
        },
        answer=answer,
        error=lambda message: {"errors": [{"code": "c", "message": message}], "trace": "t", "status_code": 400},
        authorized=_authorized,
        fetches=fetches,
        renews=True,
        required=("api_key", "url", "api_version", "model_id", "project_id"),
        **more,
    )


CASES = [_case("text_embedding", max_inputs=1000), _case("rerank"), _case("completion"), _case("chat_completion")]
