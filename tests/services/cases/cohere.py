import json
from typing import Any

from tests.services.case import SECRET, Case
from tests.services.cases.openai import bearer
from tests.services.conftest import cohere_answer
from tests.services.provider import Asked, Reply


def chat_answer(asked: Asked) -> Reply:
    """Cohere's chat: the words of the last message come back, whole or one by one."""
    body = asked.json()
    words = body["messages"][-1]["content"].split(" ")
    spent = {"input_tokens": 2, "output_tokens": len(words)}
    usage = {"billed_units": spent, "tokens": {**spent, "input_tokens": 68}}
    ended = {"finish_reason": "COMPLETE", "usage": usage}
    if not body["stream"]:
        parts = [{"type": "text", "text": " ".join(words)}]
        return Reply(body={"id": "c1", "message": {"role": "assistant", "content": parts}, **ended})
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    return Reply(
        parts=chat_events(
            {"id": "c1", "type": "message-start", "delta": {"message": begun}},
            content("content-start", "", type="text"),
            *(content("content-delta", piece) for piece in pieces),
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": ended},
        )
    )


def content(kind: str, text: str, **more: str) -> Any:
    return {"type": kind, "index": 0, "delta": {"message": {"content": {**more, "text": text}}}}


def chat_events(*objects: Any) -> list[bytes]:
    """The parts of a stream of Cohere's."""
    named = [f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in objects]
    return [*named, b"data: [DONE]\n\n"]


def _case(task_type: str, *checked: str, **more: Any) -> Case:
    return Case(
        service="cohere",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        error=lambda message: {"message": message},
        authorized=bearer,
        required=("api_key",),
        retried=(429, 500),
        checked=(*checked, "vendor's SDK"),
        **more,
    )


CASES = [
    _case("text_embedding", "published schema", answer=cohere_answer, max_inputs=96),
    _case("rerank", "published schema", answer=cohere_answer),
    _case("completion", answer=chat_answer),
]
