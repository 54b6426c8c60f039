"""Real bodies of failures, and what a job makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from elastic_transport import (
    ApiResponseMeta,
    ConnectionError,
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
    SerializationError,
    TlsError,
)
from elasticsearch import ApiError

from headpond.pipeline.pace.verdict import Verdict, classify, judge, wait_asked_for

NODE = NodeConfig("http", "127.0.0.1", 9200)


def api_error(status: int, error: Any, headers: dict[str, str] | None = None) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(headers or {}), 0.1, NODE)
    return ApiError("wrong", meta, {"error": error, "status": status})


def of(kind: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "reason": reason, **more}


def caused(kind: str, reason: str, cause: dict[str, Any]) -> dict[str, Any]:
    return {"root_cause": [cause], "type": kind, "reason": reason, "caused_by": cause}


ENTITY = "for request from inference entity id [e]"
RATE = (
    "Received a rate limit status code. Token limit [1000000], remaining tokens [999980]. "
    f"Request limit [3000], remaining requests [0] {ENTITY} status [429]"
)
REJECTED = of(
    "es_rejected_execution_exception",
    "rejected execution of coordinating operation [coordinating_and_primary_bytes=53687091, replica_bytes=0, "
    "all_bytes=53687091, coordinating_operation_bytes=9437184, max_coordinating_bytes=53687091]",
)
BREAKER = of(
    "circuit_breaking_exception",
    "[parent] Data too large, data for [<http_request>] would be [1030792151/983mb], which is larger than the limit of "
    "[1020054732/972.7mb]",
    bytes_wanted=1030792151, bytes_limit=1020054732, durability="TRANSIENT",
)  # fmt: skip
FLOOD = of(
    "cluster_block_exception",
    "index [things] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has "
    "read-only-allow-delete block; for more information, see https://www.elastic.co/docs/...];",
)
QUOTA = (
    f"{RATE}. Error message: [You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.]"
)
QUEUE = "Failed to execute task for inference id [e] because the request service [123] queue is full"
BAD_TEXT = (
    f"Received a bad request status code {ENTITY} status [400]. Error message: [This model's maximum context length is "
    "8192 tokens, however you requested 9001 tokens. Please reduce your prompt.]"
)
QUOTES_THROTTLE = caused(
    "document_parsing_exception",
    "[1:20] failed to parse field [n] of type [long] in document with id '1'. Preview of field's value: 'throttled: "
    "too many requests, status [429]'",
    of("illegal_argument_exception", 'For input string: "throttled: too many requests, status [429]"'),
)
IN_BULK = caused(
    "inference_exception", "Exception when running inference id [e] on field [body]", of("status_exception", RATE)
)

BODIES: dict[str, tuple[int, Any, Verdict]] = {
    "rate limit of a provider": (429, of("status_exception", RATE), Verdict.THROTTLED),
    "the same inside an item, as 400": (400, IN_BULK, Verdict.THROTTLED),
    "the same in a text": (400, RATE, Verdict.THROTTLED),
    "busy provider as 400": (
        400,
        of("status_exception", f"Received a server busy error status code {ENTITY} status [503]"),
        Verdict.THROTTLED,
    ),
    "failing provider as 400": (
        400,
        of("status_exception", f"Received a server error status code {ENTITY} status [500]"),
        Verdict.PASSING,
    ),
    "bad gateway as 400": (
        400,
        of("status_exception", f"Received a server error status code {ENTITY} status [502]"),
        Verdict.PASSING,
    ),
    "sagemaker's throttle through ml-commons": (
        400,
        of("status_exception", 'Error from remote service: {"message":null}'),
        Verdict.THROTTLED,
    ),
    "later ml-commons": (
        400,
        of("status_exception", "Error from remote service: The request was denied due to remote server throttling."),
        Verdict.THROTTLED,
    ),
    "bedrock through ml-commons": (
        400,
        of("status_exception", 'Error from remote service: {"message":"Too many requests, please wait a while."}'),
        Verdict.THROTTLED,
    ),
    "bad input through ml-commons": (
        400,
        of("status_exception", 'Error from remote service: {"message":"Malformed input request: too long"}'),
        Verdict.INPUT,
    ),
    "bedrock itself": (
        400,
        of("status_exception", "ThrottlingException: An error occurred when calling the InvokeModel operation"),
        Verdict.THROTTLED,
    ),
    "overloaded anthropic": (
        400,
        of("status_exception", f"Received a server error {ENTITY}. Error message: [overloaded_error]"),
        Verdict.THROTTLED,
    ),
    "full queue of the inference service": (429, of("es_rejected_execution_exception", QUEUE), Verdict.THROTTLED),
    "indexing pressure, of an item": (429, REJECTED, Verdict.THROTTLED),
    "indexing pressure below another error": (500, caused("exception", "bulk failed", REJECTED), Verdict.THROTTLED),
    "memory": (429, BREAKER, Verdict.THROTTLED),
    "memory, as older nodes say it": (503, BREAKER, Verdict.THROTTLED),
    "disk nearly full": (429, FLOOD, Verdict.THROTTLED),
    "time-out of the inference API, 9.2": (
        408,
        of("status_exception", "Request timed out after [30s]"),
        Verdict.PASSING,
    ),
    "time-out of the inference API, later": (
        429,
        of("timeout_exception", "Request timed out after [30s] for inference id [e]", timed_out=True),
        Verdict.PASSING,
    ),
    "no primary yet": (
        503,
        of("unavailable_shards_exception", "[things][0] primary shard is not active Timeout: [1m]"),
        Verdict.PASSING,
    ),
    "a node that leaves": (500, of("node_closed_exception", "node closed"), Verdict.PASSING),
    "a proxy without a body": (502, "<html>Bad Gateway</html>", Verdict.PASSING),
    "a proxy that is busy": (503, None, Verdict.THROTTLED),
    "a quota that is used up": (429, of("status_exception", QUOTA), Verdict.ACCESS),
    "no such endpoint": (404, of("resource_not_found_exception", "Inference endpoint not found [e]"), Verdict.ACCESS),
    "no such index": (404, of("index_not_found_exception", "no such index [things]"), Verdict.ACCESS),
    "a key that is refused": (
        401,
        of("status_exception", f"Received an authentication error status code {ENTITY} status [401]"),
        Verdict.ACCESS,
    ),
    "a licence": (403, of("security_exception", "current license is non-compliant for [inference]"), Verdict.ACCESS),
    "a text that is too long": (400, of("status_exception", BAD_TEXT), Verdict.INPUT),
    "a mapping that does not fit": (
        400,
        of("document_parsing_exception", "[1:9] failed to parse field [n] of type [long]"),
        Verdict.INPUT,
    ),
    "a document that speaks of throttles": (400, QUOTES_THROTTLE, Verdict.INPUT),
    "a strict mapping": (
        400,
        of("strict_dynamic_mapping_exception", "mapping set to strict, dynamic introduction of [x]"),
        Verdict.INPUT,
    ),
    "wrong dimensions": (
        400,
        caused(
            "document_parsing_exception",
            "[1:60] failed to parse: The [dense_vector] field [v] has a different number",
            of("illegal_argument_exception", "has a different number of dimensions [17] than defined [16]"),
        ),
        Verdict.INPUT,
    ),
    "too large": (413, of("status_exception", "Received a content too large status code"), Verdict.INPUT),
    "unprocessable": (422, of("status_exception", "Received an input validation error response"), Verdict.INPUT),
    "a fault of the server": (500, of("null_pointer_exception", "oops"), Verdict.UNCLEAR),
}


@pytest.mark.parametrize(("status", "error", "verdict"), BODIES.values(), ids=BODIES)
def test_a_failure_is_judged_by_its_body(status: int, error: Any, verdict: Verdict) -> None:
    assert classify(status, error) is verdict
    assert judge(api_error(status, error)) is verdict


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (ConnectionError("refused"), Verdict.UNREACHABLE),
        (ConnectionTimeout("slow"), Verdict.UNREACHABLE),
        (TlsError("bad certificate"), Verdict.ACCESS),
        (SerializationError("half an answer"), Verdict.PASSING),
        (ValueError("anything else"), Verdict.INPUT),
    ],
)
def test_a_failure_without_an_answer_is_judged_by_its_kind(error: Exception, verdict: Verdict) -> None:
    assert judge(error) is verdict


def test_a_chain_of_causes_without_an_end_is_left() -> None:
    error: dict[str, Any] = of("exception", "round and round")
    error["caused_by"] = error
    assert classify(400, error) is Verdict.INPUT


@pytest.mark.parametrize(
    ("headers", "reason", "seconds"),
    [
        ({"retry-after": "7"}, "busy", 7.0),
        ({"retry-after": "0.5"}, "busy", 0.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "busy", 0.0),
        ({}, "Rate limit reached for requests. Please try again in 20s. Contact us", 20.0),
        ({}, "Rate limit reached. Please try again in 6ms.", 0.006),
        ({}, "Rate limit reached. Please try again in 1m3.5s.", 63.5),
        ({}, "please try again in a while", 0.0),
        ({}, "busy", 0.0),
    ],
)
def test_a_server_says_when_to_come_again(headers: dict[str, str], reason: str, seconds: float) -> None:
    assert wait_asked_for(api_error(429, of("status_exception", reason), headers)) == pytest.approx(seconds)
