"""The process's HTTP clients, and one request sent with them."""

from __future__ import annotations

import atexit
import contextlib
import ipaddress
import math
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from headpond.inference.deadline import Deadline

MAX_ANSWER_BYTES = 50 * 1024 * 1024
"""A longer answer is refused, as by Elasticsearch's `xpack.inference.http.max_response_size`."""

CONNECT_SECONDS = 10.0
LONGEST_READ_SECONDS = 600.0

_lock = threading.Lock()
_clients: dict[bool, httpx.Client] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: of the answer; names in any case.
        body: decompressed bytes.
    """

    status: int
    headers: httpx.Headers
    body: bytes


class NoAnswerError(Exception):
    """No answer came.

    Args:
        reason: what happened, without headers or bodies of the request.
        out_of_time: the deadline passed.
        unknown_host: the name could not be resolved.
        unreachable: no connection was made.
        too_large: the answer was longer than `MAX_ANSWER_BYTES`.
        unsendable: the request is none of HTTP's.
    """

    def __init__(
        self,
        reason: str,
        *,
        out_of_time: bool = False,
        unknown_host: bool = False,
        unreachable: bool = False,
        too_large: bool = False,
        unsendable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.out_of_time = out_of_time
        self.unknown_host = unknown_host
        self.unreachable = unreachable
        self.too_large = too_large
        self.unsendable = unsendable


def client_for(url: str) -> httpx.Client:
    """The process's client for a URL: proxies of the environment apply, but never to this machine's own addresses."""
    local = _is_loopback(httpx.URL(url).host)
    with _lock:
        if local not in _clients:
            limits = httpx.Limits(max_connections=512, max_keepalive_connections=64, keepalive_expiry=60)
            _clients[local] = httpx.Client(trust_env=not local, follow_redirects=False, limits=limits)
        return _clients[local]


def _close() -> None:
    """Closes connections at the end of the process; requests nobody waits for any more may still be under way."""
    for client in _clients.values():
        with contextlib.suppress(Exception):
            client.close()
    _clients.clear()


def _forget() -> None:
    """In a forked child: the connections are the parent's."""
    global _lock
    _lock = threading.Lock()
    _clients.clear()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def begin(
    client: httpx.Client, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> httpx.Response:
    """Sends one request and reads the head of the answer, not its body; nothing is repeated here.

    The caller closes the answer. What is left until the deadline is also the longest pause between two parts of the
    body.

    Raises:
        NoAnswerError: no head came.
    """
    left = deadline.remaining
    if left == 0:
        raise NoAnswerError("no time was left", out_of_time=True)
    timeout = httpx.Timeout(min(left, LONGEST_READ_SECONDS), connect=min(left, CONNECT_SECONDS))
    try:
        request = client.build_request("POST", url, headers=dict(headers), content=body, timeout=timeout)
        return client.send(request, stream=True)
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeEncodeError):
        # The original text quotes headers, and with them keys.
        raise NoAnswerError("its address or a header is malformed", unsendable=True) from None
    except httpx.RequestError as error:
        raise no_answer(error, deadline) from error


def finish(response: httpx.Response, deadline: Deadline) -> Answer:
    """Reads the body of a begun answer and closes it.

    Raises:
        NoAnswerError: it did not come whole and in time.
    """
    try:
        return Answer(response.status_code, response.headers, _read(response, deadline))
    except httpx.RequestError as error:
        raise no_answer(error, deadline) from error
    finally:
        response.close()


def _read(response: httpx.Response, deadline: Deadline) -> bytes:
    parts, length = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        length += len(part)
        if length > MAX_ANSWER_BYTES:
            raise NoAnswerError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes", too_large=True)
        if deadline.passed:
            raise NoAnswerError("the answer did not end in time", out_of_time=True)
    return b"".join(parts)


def no_answer(error: httpx.RequestError, deadline: Deadline) -> NoAnswerError:
    """What an error of httpx means."""
    # A socket's timeout may fire a moment before the deadline it was made from.
    late = isinstance(error, httpx.TimeoutException) and not math.isinf(deadline.moment) and deadline.remaining < 0.05
    return NoAnswerError(
        str(error) or type(error).__name__,
        out_of_time=late,
        unknown_host=_caused_by_name(error),
        unreachable=isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)),
    )


def _caused_by_name(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, socket.gaierror):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
