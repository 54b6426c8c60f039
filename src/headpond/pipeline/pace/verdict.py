"""What a failed call or a failed item of a bulk request means, decided by its body where the status hides it.

Providers' throttles arrive in many clothes: Elasticsearch turns an upstream 5xx into a 400 that quotes the status,
OpenSearch's ml-commons quotes the provider's text (or `{"message":null}`, which is SageMaker's throttle), an inference
inside a bulk request wraps the cause in an item's error. Sources: Elasticsearch's BaseResponseHandler and
`ElasticsearchException`, opensearch-project/ml-commons issues 2249, 2429 and 2438.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

from elastic_transport import SerializationError, TlsError, TransportError
from elasticsearch import ApiError
from urllib3.exceptions import NewConnectionError


class Verdict(Enum):
    """What a failure means."""

    THROTTLED = auto()
    """Too much at once: the same call may succeed later, and slower is better."""
    PASSING = auto()
    """Timed out, starting or moving: the same call may succeed later."""
    UNCLEAR = auto()
    """An error of the server: worth one more try, and maybe one input is to blame."""
    INPUT = auto()
    """The request was refused: some input is to blame."""
    UNREACHABLE = auto()
    """Nobody answers; passing, but when it does not pass there is no use in going on."""
    ACCESS = auto()
    """Not allowed or not there: no input is to blame, nothing will pass."""

    @property
    def passes(self) -> bool:
        """Whether the same call may succeed later."""
        return self in (Verdict.THROTTLED, Verdict.PASSING, Verdict.UNREACHABLE)


_BY_TYPE = {
    # Queues and memory: https://www.elastic.co/docs/troubleshoot/elasticsearch/rejected-requests
    "es_rejected_execution_exception": Verdict.THROTTLED,
    "rejected_execution_exception": Verdict.THROTTLED,
    "circuit_breaking_exception": Verdict.THROTTLED,
    "timeout_exception": Verdict.PASSING,
    "unavailable_shards_exception": Verdict.PASSING,
    "no_shard_available_action_exception": Verdict.PASSING,
    "process_cluster_event_timeout_exception": Verdict.PASSING,
    "node_closed_exception": Verdict.PASSING,
    "node_disconnected_exception": Verdict.PASSING,
    "node_not_connected_exception": Verdict.PASSING,
    "index_not_found_exception": Verdict.ACCESS,
    "security_exception": Verdict.ACCESS,
    # These quote the document, so that nothing in their text means anything.
    "document_parsing_exception": Verdict.INPUT,
    "mapper_parsing_exception": Verdict.INPUT,
    "strict_dynamic_mapping_exception": Verdict.INPUT,
    "parsing_exception": Verdict.INPUT,
    "x_content_parse_exception": Verdict.INPUT,
    "action_request_validation_exception": Verdict.INPUT,
}

_BY_TEXT: tuple[tuple[re.Pattern[str], Verdict], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), verdict)
    for pattern, verdict in (
        # A quota that is used up does not come back while a job waits.
        (r"insufficient_quota|exceeded your current quota|billing_hard_limit", Verdict.ACCESS),
        (r"\bstatus \[(429|503)\]", Verdict.THROTTLED),
        (r"\bstatus \[(408|5\d\d)\]", Verdict.PASSING),
        (r'Error from remote service: \{"message":\s*null\}', Verdict.THROTTLED),
        (r"\bthrottl(ed|ing)|ThrottlingException|too many requests", Verdict.THROTTLED),
        (r"\brate limit(ed)? (exceeded|reached|status)", Verdict.THROTTLED),
        (r"service is (busy|overloaded)|ServiceUnavailable|ModelNotReadyException|overloaded_error", Verdict.THROTTLED),
        (r"Request timed out|ModelTimeoutException|timed out waiting", Verdict.PASSING),
        (r"deployment .*(not (yet )?(started|allocated|ready)|is starting)", Verdict.PASSING),
    )
)  # fmt: skip

_BY_STATUS = {
    401: Verdict.ACCESS, 403: Verdict.ACCESS, 404: Verdict.ACCESS, 408: Verdict.PASSING, 429: Verdict.THROTTLED,
    502: Verdict.PASSING, 503: Verdict.THROTTLED, 504: Verdict.PASSING,
}  # fmt: skip


def judge(error: Exception) -> Verdict:
    """What the error of a call means."""
    if isinstance(error, ApiError):
        body = error.body.get("error") if isinstance(error.body, dict) else error.body
        return classify(error.meta.status, body)
    if isinstance(error, SerializationError):
        return Verdict.PASSING
    if isinstance(error, TlsError):
        return Verdict.ACCESS
    if isinstance(error, TransportError):
        return Verdict.UNREACHABLE
    return Verdict.INPUT


def never_sent(error: TransportError) -> bool:
    """Whether a request found no connection, so that nobody got any of it."""
    return not error.errors and isinstance(error.__cause__, NewConnectionError)


def classify(status: int, error: Any) -> Verdict:
    """What a status and an error object (of a response or of one item of a bulk response) mean.

    Args:
        status: HTTP status; of an item its own.
        error: Elasticsearch's error object; a text or None where there is none.
    """
    kinds, reasons = [], []
    for kind, reason in _chain(error):
        kinds.append(kind)
        reasons.append(reason)
    for kind in kinds:
        if kind in _BY_TYPE and not (status == 429 and _BY_TYPE[kind] is Verdict.ACCESS):
            return _BY_TYPE[kind]
    if status < 500 and status not in (401, 403, 404):
        text = "\n".join(reasons)
        for pattern, verdict in _BY_TEXT:
            if pattern.search(text):
                return verdict
    return _BY_STATUS.get(status, Verdict.UNCLEAR if status >= 500 else Verdict.INPUT)


def wait_asked_for(error: Exception) -> float:
    """Seconds the server asks to wait: `Retry-After`, or a provider's "try again in 2s" in the text; 0 when neither."""
    if not isinstance(error, ApiError):
        return 0.0
    try:
        return max(0.0, float(error.meta.headers.get("retry-after") or 0)) or _in_words(error)
    except ValueError:  # a date, which needs both clocks to agree
        return _in_words(error)


# OpenAI's wording: "Please try again in 6ms", "in 1.2s", "in 1m3s".
_AGAIN = re.compile(r"try again in (?:(\d+)m(?!s))?(?:([\d.]+)(ms|s)\b)?", re.IGNORECASE)


def _in_words(error: ApiError) -> float:
    body = error.body.get("error") if isinstance(error.body, dict) else None
    found = _AGAIN.search("\n".join(reason for _, reason in _chain(body)))
    if found is None:
        return 0.0
    minutes, amount, unit = found.groups()
    try:
        return 60.0 * int(minutes or 0) + float(amount or 0) / (1000 if unit in ("ms", "MS") else 1)
    except ValueError:
        return 0.0


def _chain(error: Any) -> Iterator[tuple[str, str]]:
    """Types and reasons of an error and its causes."""
    if isinstance(error, str):
        yield "", error
    for _ in range(20):
        if not isinstance(error, dict):
            return
        yield str(error.get("type") or ""), str(error.get("reason") or "")
        root = error.get("root_cause")
        error = error.get("caused_by") or (root[0] if isinstance(root, list) and root else None)
