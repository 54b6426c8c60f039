"""How the searches of one request reach their target: by the transport, with the headers and options they came with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from elastic_transport import ApiResponseMeta, TransportApiResponse
from elasticsearch import ApiError
from elasticsearch.exceptions import HTTP_EXCEPTIONS

LINES = "application/x-ndjson"
_VENDOR_LINES = "application/vnd.elasticsearch+x-ndjson"


class Transport(Protocol):
    """What `elastic_transport.Transport` has, or anything that is used like it."""

    @property
    def perform_request(self) -> Callable[..., TransportApiResponse]:
        """Sends a request, waits for the answer."""


class Door:
    """Sends the parts of one request.

    Args:
        transport: of the target.
        headers: of the request.
        options: others of its options, as time-out and retries.
    """

    def __init__(self, transport: Transport, headers: Mapping[str, str], options: Mapping[str, Any]) -> None:
        self._transport = transport
        self._headers = headers
        self._options = options
        self._answers: list[ApiResponseMeta] = []

    @property
    def meta(self) -> ApiResponseMeta | None:
        """Of the last answer; None before there is one."""
        return self._answers[-1] if self._answers else None

    def within(self, seconds: float) -> Door:
        """The same, which does not wait any longer for an answer, nor ask again."""
        door = Door(self._transport, self._headers, {**self._options, "request_timeout": seconds, "max_retries": 0})
        door._answers = self._answers
        return door

    def ask(self, method: str, target: str, body: Any, *, lines: bool = False) -> Any:
        """The body of an answer.

        Args:
            method: of HTTP.
            target: path and parameters.
            body: an object, or a list with the lines of an `_msearch`.
            lines: whether it is a list.

        Raises:
            ApiError: as the client raises it, with the target's own body.
            TransportError: the target does not answer.
        """
        headers = self._typed(lines)
        meta, answer = self._transport.perform_request(method, target, body=body, headers=headers, **self._options)
        self._answers.append(meta)
        if meta.status != 200:
            raise refused(meta, answer)
        return answer

    def _typed(self, lines: bool) -> dict[str, str]:
        """The headers with the content type of what is sent; both kinds of JSON keep the version they speak."""
        headers = {name: value for name, value in self._headers.items() if name.lower() != "content-type"}
        accept = next((value for name, value in headers.items() if name.lower() == "accept"), "")
        _, vendor, version = accept.partition("compatible-with=")
        if vendor:
            kind = _VENDOR_LINES if lines else "application/vnd.elasticsearch+json"
            headers["content-type"] = f"{kind}; compatible-with={version.partition(',')[0].strip()}"
        else:
            headers["content-type"] = LINES if lines else "application/json"
        return headers


def refused(meta: ApiResponseMeta, body: Any) -> ApiError:
    """The target's refusal as the client raises it."""
    error = body.get("error", body) if isinstance(body, dict) else body
    message = error.get("type", error) if isinstance(error, dict) else error
    return HTTP_EXCEPTIONS.get(meta.status, ApiError)(message=str(message), meta=meta, body=body)
