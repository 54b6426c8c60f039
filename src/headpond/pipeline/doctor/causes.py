"""What an error of an endpoint means, and what to do about it.

Targets say what their providers said in Elasticsearch's words: `<text> for request from inference entity id [id] status
[429]. Error message: [<the provider's>]`. These words, the statuses and the types of errors are all there is to tell
the causes apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError

from headpond.errors import HeadpondError
from headpond.pipeline.api_error import describe
from headpond.pipeline.completion import StreamError
from headpond.pipeline.doctor.finding import Finding


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error, taken apart.

    Attributes:
        reason: all reasons, one behind the other.
        status: of HTTP; 0 where there is none.
        types: of the error and of its causes.
        provider_status: what the provider answered with; 0 where it did not answer.
    """

    reason: str
    status: int = 0
    types: tuple[str, ...] = ()
    provider_status: int = 0

    @classmethod
    def of(cls, error: Exception) -> Trouble:
        """An error of the client, or of a stream."""
        body = error.body if isinstance(error, ApiError | StreamError) else None
        status = error.meta.status if isinstance(error, ApiError) else getattr(error, "status", 0)
        reason = error.message if isinstance(error, HeadpondError) else describe(error)
        found = re.search(r" status \[(\d+)\]", reason)
        types = tuple(_types(body.get("error"))) if isinstance(body, dict) else ()
        return cls(reason, status, types, int(found[1]) if found else 0)

    def says(self, *patterns: str) -> bool:
        """Whether one of the patterns is in the reason, in any case."""
        return any(re.search(pattern, self.reason, re.IGNORECASE) for pattern in patterns)


def _types(error: object) -> list[str]:
    found = []
    while isinstance(error, dict):
        if isinstance(error.get("type"), str):
            found.append(error["type"])
        error = error.get("caused_by")
    return found


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause.

    Attributes:
        name: a word for it.
        matches: whether a trouble is it.
        next: what to do; `{id}` is the endpoint.
    """

    name: str
    matches: Callable[[Trouble], bool]
    next: str


def _provider(*statuses: int) -> Callable[[Trouble], bool]:
    return lambda trouble: trouble.provider_status in statuses


def _says(*patterns: str) -> Callable[[Trouble], bool]:
    return lambda trouble: trouble.says(*patterns)


def _model(trouble: Trouble) -> bool:
    """The provider complains about the model: it names the word and says that there is no such thing."""
    unknown = r"not (?:found|exist|available|supported)|does ?n.t exist|unknown|invalid|no such|decommission|deprecated"
    return trouble.provider_status in (400, 403, 404, 422) and trouble.says(
        rf"message: \[.*\bmodel\b.*(?:{unknown})", rf"message: \[.*(?:{unknown}).*\bmodel\b"
    )


def _quota(trouble: Trouble) -> bool:
    return trouble.provider_status == 402 or (
        trouble.provider_status in (403, 429) and trouble.says("quota", "billing", "credit", "payment", "spending")
    )


_UPDATE = "headpond endpoints update {id} --file FILE, with {{service_settings: {{...}}}} in it"
_MAKE_ANEW = "make it anew: headpond endpoints delete {id}, then headpond endpoints put {id} --file FILE"

CAUSES: tuple[Cause, ...] = (
    Cause("secrets lost", _says("are not in this pond any more"), f"give them again: {_UPDATE}"),
    Cause("quota used up", _quota, "raise the limit or pay the bill at the provider; the key itself is good"),
    Cause("wrong model", _model, f"look the model's name up at the provider, then {_MAKE_ANEW}"),
    Cause("key refused", _provider(401), f"get a key that is valid, then {_UPDATE}"),
    Cause(
        "no permission",
        _provider(403),
        "let the key use this model, project or region at the provider, or take another key: " + _UPDATE,
    ),
    Cause(
        "rate limit",
        _provider(429),
        "ask less often: lower rate_limit.requests_per_minute below what the provider grants (" + _UPDATE + ")",
    ),
    Cause("wrong address or model", _provider(404), f"check url and model of its service_settings, then {_MAKE_ANEW}"),
    Cause(
        "wrong address",
        lambda trouble: 300 <= trouble.provider_status < 400,
        f"give the address that this one leads to as url, then {_MAKE_ANEW}",
    ),
    Cause("text too long", _provider(413), "set max_input_tokens, or cut texts into passages before (processor chunk)"),
    Cause(
        "provider in trouble",
        lambda trouble: trouble.provider_status >= 500,
        "ask again later; look at the provider's status page if it stays",
    ),
    Cause(
        "unknown host", _says(r"Invalid host \[", "Name or service not known", "UnknownHost"), "check the host in url"
    ),
    Cause(
        "TLS",
        _says("CERTIFICATE_VERIFY_FAILED", r"\bSSL\b", r"\bTLS\b", "PKIX", "handshake"),
        "a proxy or a server with a certificate of its own is in the way: let SSL_CERT_FILE name its authority",
    ),
    Cause(
        "unreachable",
        lambda trouble: "connect_exception" in trouble.types or trouble.says("Connection refused", "unreachable"),
        "start what is to listen there, or check host and port in url; proxies are taken from HTTPS_PROXY",
    ),
    Cause(
        "model not at hand",
        _says(r"Could not start the model", "still being fetched", "headpond models pull", "No trained model", "eland"),
        "fetch it: headpond models pull NAME (headpond models list shows what is here)",
    ),
    Cause("package missing", _says("needs the package"), "install it as the message says"),
    Cause(
        "wrong dimensions",
        _says("embeddings size", "different dimension"),
        f"give dimensions as the model makes them, or none; {_MAKE_ANEW}",
    ),
    Cause("not implemented", lambda trouble: trouble.status == 501, "use another service, or a cluster as the target"),
    Cause(
        "licence",
        _says("license is non-compliant"),
        "the cluster's licence has no inference: put a pond before it (--inference embedded:PATH)",
    ),
    Cause(
        "target refuses the credentials",
        lambda trouble: trouble.status == 401,
        "set HEADPOND_API_KEY or HEADPOND_BASIC_AUTH=user:password",
    ),
    Cause(
        "no privilege on the target",
        lambda trouble: trouble.status == 403 and "security_exception" in trouble.types,
        "give the user or key the cluster privilege monitor_inference",
    ),
    Cause(
        "target busy",
        lambda trouble: "es_rejected_execution_exception" in trouble.types,
        "fewer callers at once, or a higher rate_limit.requests_per_minute",
    ),
    Cause(
        "too slow",
        lambda trouble: trouble.status == 408 or "timeout_exception" in trouble.types or trouble.says("timed out"),
        "wait longer (--timeout 2m): a first call may load a model, and requests above the rate limit wait their turn",
    ),
    Cause(
        "connection broke",
        lambda trouble: "i_o_exception" in trouble.types or trouble.says("broke off", "reset"),
        "ask again; if it stays, look at what is between here and the provider",
    ),
    Cause(
        "not the provider's API",
        lambda trouble: "illegal_state_exception" in trouble.types,
        "something else answers at url, or another version of the API: check url",
    ),
    Cause(
        "no such endpoint", lambda trouble: trouble.status == 404, "make it: headpond endpoints put {id} --file FILE"
    ),
    Cause("request refused", lambda trouble: 400 <= trouble.provider_status < 500, "the provider's message says why"),
)
"""The first that matches is the one."""


def explain(error: Exception, inference_id: str) -> Finding:
    """What an error of an endpoint means.

    Args:
        error: of the official client, or a `StreamError`.
        inference_id: the endpoint that was asked.
    """
    if isinstance(error, TransportError) and not isinstance(error, ApiError):
        return _of_target(error)
    trouble = Trouble.of(error)
    for cause in CAUSES:
        if cause.matches(trouble):
            return Finding("answer", False, trouble.reason, cause.name, cause.next.format(id=inference_id))
    return Finding("answer", False, trouble.reason, "unknown", "the message is all there is")


def explain_target(error: HeadpondError) -> Finding:
    """What a target that cannot be used means.

    Args:
        error: of `headpond.connect`, or of looking the endpoint up.
    """
    text = error.message
    for words, cause in _TARGETS.items():
        if re.search(words, text):
            return Finding("target", False, text, cause, error.hint)
    return Finding("target", False, text, "target", error.hint)


_TARGETS = {
    r"TLS failed": "TLS",
    r"refuses the credentials": "target refuses the credentials",
    r"resolve|Name or service not known": "unknown host",
    r"did not answer within": "too slow",
    r"nobody answers|does not answer": "unreachable",
    r"no inference API": "no inference API",
    r"older than 9|is not an Elasticsearch|runs Elasticsearch": "not an Elasticsearch 9",
}


def _of_target(error: TransportError) -> Finding:
    if isinstance(error, TlsError):
        return Finding("target", False, describe(error), "TLS", "let HEADPOND_CA_CERTS name the target's authority")
    if isinstance(error, ConnectionTimeout):
        return Finding("target", False, describe(error), "too slow", "wait longer (--timeout), or look at the target")
    return Finding("target", False, describe(error), "unreachable", "start the target, or check --target")
