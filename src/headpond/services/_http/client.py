"""The process's HTTP clients, and one request sent with them."""

from __future__ import annotations

import atexit
import contextlib
import ipaddress
import math
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx

from headpond.inference.deadline import Deadline
from headpond.services._http.quiet import unlogged

MAX_ANSWER_BYTES = 50 * 1024 * 1024
"""A longer answer is refused, as by Elasticsearch's `xpack.inference.http.max_response_size`."""

CONNECT_SECONDS = 10.0
LONGEST_READ_SECONDS = 600.0


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


class Clients:
    """The process's HTTP clients, each lent to one request at a time; the one given back last is lent first.

    One client for all would look at every idle connection of its pool before each request, which at 64 callers costs
    several times what the request does. Proxies of the environment apply, but never to this machine's own addresses.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[bool, list[httpx.Client]] = {False: [], True: []}
        self._tls: ssl.SSLContext | None = None

    def borrow(self, url: str) -> tuple[httpx.Client, Callable[[], None]]:
        """A client for a URL, and what gives it back; giving it back twice does nothing."""
        local = _is_loopback(httpx.URL(url).host)
        with self._lock:
            idle = self._idle[local]
            client = idle.pop() if idle else self._new(local)
        lent = [client]

        def give_back() -> None:
            with self._lock:
                idle.extend(lent)
                lent.clear()

        return client, give_back

    def close(self) -> None:
        """Closes the connections of clients that nobody uses."""
        with self._lock:
            for idle in self._idle.values():
                while idle:
                    with contextlib.suppress(Exception):
                        idle.pop().close()

    def _new(self, local: bool) -> httpx.Client:
        if self._tls is None:  # it takes a while to make
            self._tls = httpx.create_ssl_context()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=60)
        return httpx.Client(verify=self._tls, trust_env=not local, follow_redirects=False, limits=limits)


_clients = Clients()


def _forget() -> None:
    """In a forked child: the connections are the parent's."""
    global _clients
    _clients = Clients()


# Requests nobody waits for any more may still be under way then; their clients are not idle.
atexit.register(lambda: _clients.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class _Lent(httpx.SyncByteStream):
    """The body of an answer, whose end gives its client back."""

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream, give_back: Callable[[], None]) -> None:
        assert isinstance(stream, httpx.SyncByteStream)
        self._stream = stream
        self._give_back = give_back

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._give_back()


def begin(
    client: httpx.Client | None, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> httpx.Response:
    """Sends one request and reads the head of the answer, not its body; nothing is repeated here.

    The caller closes the answer. What is left until the deadline is also the longest pause between two parts of the
    body.

    Args:
        client: None for one of the process's own.
        url: the whole URL.
        headers: besides httpx's own.
        body: as it is sent.
        deadline: the head has come by then, or an error is raised.

    Raises:
        NoAnswerError: no head came.
    """
    left = deadline.remaining
    if left == 0:
        raise NoAnswerError("no time was left", out_of_time=True)
    timeout = httpx.Timeout(min(left, LONGEST_READ_SECONDS), connect=min(left, CONNECT_SECONDS))
    give_back: Callable[[], None] | None = None
    try:
        if client is None:
            client, give_back = _clients.borrow(url)
        request = client.build_request("POST", url, headers=dict(headers), content=body, timeout=timeout)
        with unlogged():
            response = client.send(request, stream=True)
    except BaseException as error:
        if give_back is not None:
            give_back()
        if isinstance(error, _UNSENDABLE):
            # The original text quotes headers, and with them keys.
            raise NoAnswerError("its address or a header is malformed", unsendable=True) from None
        if isinstance(error, httpx.RequestError):
            raise no_answer(error, deadline) from error
        raise
    if give_back is not None:
        response.stream = _Lent(response.stream, give_back)
    return response


_UNSENDABLE = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeEncodeError)


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
