import json
from typing import Any

from tests.services.case import SECRET, Case
from tests.services.provider import Asked, Reply


def studio_answer(asked: Asked) -> Reply:
    """Google AI Studio: embeddings are [length of the text, 1, 0.5], completions Gemini's."""
    if not asked.path.endswith(":batchEmbedContents"):
        return gemini_answer(asked)
    texts = [item["content"]["parts"][0]["text"] for item in asked.json()["requests"]]
    return Reply(body={"embeddings": [{"values": [float(len(text)), 1.0, 0.5]} for text in texts]})


def gemini_answer(asked: Asked) -> Reply:
    """Gemini: the words of the last turn come back, whole or one by one."""
    words = asked.json()["contents"][-1]["parts"][-1]["text"].split(" ")
    usage = {"promptTokenCount": 2, "candidatesTokenCount": len(words), "totalTokenCount": 2 + len(words)}
    shared = {"usageMetadata": usage, "modelVersion": "gemini", "responseId": "r1"}
    if ":streamGenerateContent" not in asked.path:
        return Reply(body={"candidates": [candidate(" ".join(words), "STOP")], **shared})
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    candidates = [candidate(piece) for piece in pieces]
    candidates[-1]["finishReason"] = "STOP"
    return Reply(parts=gemini_events(*({"candidates": [item], **shared} for item in candidates)))


def candidate(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    said = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    return {**said, "finishReason": finish_reason} if finish_reason else said


def gemini_events(*objects: Any) -> list[bytes]:
    """The parts of a stream of Google's, which ends without a word."""
    return [f"data: {json.dumps(item)}\r\n\r\n".encode() for item in objects]


def error(message: str) -> Any:
    return {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="googleaistudio",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        answer=studio_answer,
        error=error,
        words={503: "The Google AI Studio service may be temporarily overloaded or down"},
        authorized=lambda asked: asked.headers["x-goog-api-key"] == SECRET,
        required=("api_key", "model_id"),
        checked=("vendor's SDK",),
        **more,
    )


CASES = [_case("text_embedding", max_inputs=100), _case("completion")]
