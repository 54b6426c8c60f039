"""What errors of a real Elasticsearch mean; those of providers are examined in `tests/cli/test_doctor.py`."""

from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig, TlsError
from elastic_transport import ConnectionError as Unreachable
from elasticsearch import ApiError

from headpond.errors import TargetError
from headpond.pipeline.doctor.causes import explain, explain_target

NODE = NodeConfig("http", "localhost", 9200)


def answer(status: int, type: str, reason: str, cause: dict[str, str] | None = None) -> ApiError:
    """An error answer in Elasticsearch's shape."""
    error: dict[str, Any] = {"type": type, "reason": reason, "root_cause": [cause or {"type": type, "reason": reason}]}
    if cause:
        error["caused_by"] = cause
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NODE)
    return ApiError(type, meta, {"error": error, "status": status})


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (answer(403, "security_exception", "current license is non-compliant for [inference]"), "licence"),
        (
            answer(403, "security_exception", "action [cluster:monitor/xpack/inference/post] is unauthorized for [u]"),
            "no privilege on the target",
        ),
        (answer(401, "security_exception", "missing authentication credentials"), "target refuses the credentials"),
        (
            answer(
                429,
                "es_rejected_execution_exception",
                "Failed to execute task for inference id [e] because the request service [1] queue is full",
            ),
            "target busy",
        ),
        (answer(429, "timeout_exception", "Request timed out after [30s] for inference id [e]"), "too slow"),
        (answer(408, "status_exception", "Request timed out after [30s]"), "too slow"),
        (answer(501, "not_implemented_exception", "the service [x] is not implemented by headpond"), "not implemented"),
        (answer(404, "resource_not_found_exception", "Inference endpoint not found [e]"), "no such endpoint"),
        (
            answer(404, "resource_not_found_exception", "No trained model is found for model or deployment ID [m]"),
            "model not at hand",
        ),
        (
            answer(
                400,
                "status_exception",
                "Could not complete inference endpoint creation as validation call to service threw an exception.",
                {
                    "type": "status_exception",
                    "reason": "Received an authentication error status code for request from"
                    " inference entity id [e] status [401]. Error message: [bad]",
                },
            ),
            "key refused",
        ),
        (
            answer(
                500,
                "status_exception",
                "Failed to send request from inference entity id [e]",
                {"type": "unknown_host_exception", "reason": "provider.example: Name or service not known"},
            ),
            "unknown host",
        ),
        (
            answer(
                500,
                "status_exception",
                "Failed to send request from inference entity id [e]",
                {"type": "s_s_l_handshake_exception", "reason": "PKIX path building failed"},
            ),
            "TLS",
        ),
        (answer(400, "status_exception", "something nobody knows"), "unknown"),
        (ConnectionTimeout("Connection timed out"), "too slow"),
        (TlsError("certificate verify failed"), "TLS"),
        (Unreachable("connection refused"), "unreachable"),
    ],
)
def test_an_error_has_one_cause_and_something_to_do(error: Exception, cause: str) -> None:
    found = explain(error, "e")
    assert (found.ok, found.cause) == (False, cause)
    assert found.next
    assert "{" not in found.next.replace("{service_settings: {...}}", "")


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("https://x:9200: TLS failed: certificate verify failed", "TLS"),
        ("https://x:9200 refuses the credentials (401)", "target refuses the credentials"),
        ("https://x:9200 did not answer within 10 s", "too slow"),
        ("nobody answers at http://x:9200: refused", "unreachable"),
        ("nobody answers at http://x:9200: Failed to resolve 'x'", "unknown host"),
        ("https://x:9200 is not an Elasticsearch", "not an Elasticsearch 9"),
        ("the target has no inference API: no handler found (400)", "no inference API"),
        ("something else", "target"),
    ],
)
def test_a_target_that_cannot_be_used_has_a_cause(message: str, cause: str) -> None:
    found = explain_target(TargetError(message, hint="do this"))
    assert (found.check, found.cause, found.next) == ("target", cause, "do this")
