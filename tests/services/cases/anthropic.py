import json
from typing import Any

from tests.services.case import SECRET, Case
from tests.services.provider import Asked, Reply


def message_answer(asked: Asked) -> Reply:
    """Anthropic's messages: the words of the last message come back, whole or one by one."""
    body = asked.json()
    words = body["messages"][-1]["content"].split(" ")
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model", "claude")}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    usage = {"input_tokens": 2, "output_tokens": len(words)}
    if not body.get("stream"):
        content = [{"type": "text", "text": " ".join(words), "citations": None}]
        return Reply(body={**message, "content": content, **ended, "usage": usage})
    begun = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 2, "output_tokens": 1},
    }
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    return Reply(
        parts=named_events(
            {"type": "message_start", "message": {**message, **begun}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            *(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
                for piece in pieces
            ),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": ended, "usage": {"output_tokens": len(words)}},
            {"type": "message_stop"},
        )
    )


def named_events(*objects: Any) -> list[bytes]:
    """The parts of a stream of events that have their type as name."""
    return [f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in objects]


def error(message: str) -> Any:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def _case(task_type: str) -> Case:
    return Case(
        service="anthropic",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        answer=message_answer,
        error=error,
        authorized=lambda asked: asked.headers["x-api-key"] == SECRET,
        task_settings={"max_tokens": 7},
        required=("api_key", "model_id"),
        checked=("vendor's SDK",),
    )


CASES = [_case("completion"), _case("chat_completion")]
