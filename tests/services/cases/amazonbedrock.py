import binascii
import json
import struct
from typing import Any

from tests.services.case import SECRET, Case
from tests.services.provider import Asked, Reply

STREAM = {"content-type": "application/vnd.amazon.eventstream"}


def frame(name: str, data: Any, kind: str = "event") -> bytes:
    """One message of an event stream, see https://smithy.io/2.0/aws/amazon-eventstream.html."""
    payload = data if isinstance(data, bytes) else json.dumps(data).encode()
    headers = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    head = b"".join(
        struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for key, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + head + payload
    return message + struct.pack("!I", binascii.crc32(message))


def answer(asked: Asked) -> Reply:
    """Bedrock's runtime, as botocore's service model has it."""
    body, operation = asked.json(), asked.path.rpartition("/")[2]
    if operation == "invoke":
        if "inputText" in body:
            return Reply(body={"embedding": [float(len(body["inputText"])), 1.0, 0.5], "inputTextTokenCount": 4})
        rows = [[float(len(text)), 1.0, 0.5] for text in body["texts"]]
        return Reply(body={"embeddings": rows, "id": "1", "response_type": "embeddings_floats", "texts": body["texts"]})
    words = body["messages"][-1]["content"][-1]["text"].split(" ")
    usage = {"inputTokens": 2, "outputTokens": len(words), "totalTokens": 2 + len(words)}
    if operation == "converse":
        message = {"role": "assistant", "content": [{"text": " ".join(words)}]}
        ended = {"stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}
        return Reply(body={"output": {"message": message}, **ended})
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    deltas = [frame("contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": 0}) for piece in pieces]
    return Reply(
        headers=STREAM,
        parts=[
            frame("messageStart", {"role": "assistant"}),
            *deltas,
            frame("contentBlockStop", {"contentBlockIndex": 0}),
            frame("messageStop", {"stopReason": "end_turn"}),
            frame("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}),
        ],
    )


def is_signed(asked: Asked, access_key: str = SECRET, secret_key: str = SECRET) -> bool:
    """Whether botocore, given the keys, signs the request as it is signed."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    scheme, _, fields = asked.headers["authorization"].partition(" ")
    named = dict(field.strip().split("=", 1) for field in fields.split(","))
    used, _, scope = named["Credential"].partition("/")
    signer = SigV4Auth(Credentials(access_key, secret_key), "bedrock", scope.split("/")[1])
    signed = {name: asked.headers[name] for name in named["SignedHeaders"].split(";")}
    request = AWSRequest("POST", f"http://{asked.headers['host']}{asked.path}", headers=signed, data=asked.body)
    request.context["timestamp"] = asked.headers["x-amz-date"]
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    must = {"content-type", "host", "x-amz-date"}
    return (
        scheme == "AWS4-HMAC-SHA256" and used == access_key and must <= set(signed) and named["Signature"] == signature
    )


def _case(task_type: str, provider: str, **more: Any) -> Case:
    return Case(
        service="amazonbedrock",
        task_type=task_type,
        settings=lambda url: {
            "access_key": SECRET,
            "secret_key": SECRET,
            "region": "us-east-1",
            "model": "maker.model-v1:0",
            "provider": provider,
            "url": url,
        },
        answer=answer,
        error=lambda message: {"message": message},
        authorized=is_signed,
        required=("access_key", "secret_key", "region", "model", "provider"),
        secrets=("access_key", "secret_key"),
        checked=("vendor's SDK",),
        **more,
    )


CASES = [
    _case("text_embedding", "cohere", max_inputs=96),
    _case("text_embedding", "amazontitan", max_inputs=1),
    _case("completion", "anthropic"),
    _case("chat_completion", "anthropic"),
]
