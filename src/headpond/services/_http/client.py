"""One request to a provider, and what came of it."""

from __future__ import annotations

import atexit
import math
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import httpx

from headpond.inference.deadline import Deadline
from headpond.services._http.connection import LONGEST_READ_SECONDS, Body
from headpond.services._http.connections import CONNECT_SECONDS, Connections
from headpond.services._http.proxied import Lent, Proxied
from headpond.services._http.quiet import unlogged
from headpond.services._http.target import Target, target

MAX_ANSWER_BYTES = 50 * 1024 * 1024
"""A longer answer is refused, as by Elasticsearch's `xpack.inference.http.max_response_size`."""


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


_connections = Connections()
_proxied = Proxied()


def _forget() -> None:
    """In a forked child: the connections are the parent's."""
    global _connections, _proxied
    _connections.close()
    _connections, _proxied = Connections(), Proxied()


# Requests nobody waits for any more may still be under way then; their connections are not idle.
atexit.register(lambda: _connections.close())
atexit.register(lambda: _proxied.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def punctual() -> bool:
    """Whether `begin` and `finish` are over by the deadline whatever happens; behind a proxy they nearly are."""
    return not _proxied.needed()


def begin(
    client: httpx.Client | None,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    deadline: Deadline,
    *,
    whole: bool = True,
) -> httpx.Response:
    """Sends one request and reads the head of the answer, not its body; nothing is repeated here.

    The caller closes the answer; its extension `hang_up` ends it from any thread. Proxies of the environment apply, but
    never to this machine's own addresses.

    Args:
        client: stands in for the provider; None for the world.
        url: the whole URL.
        headers: besides those every request has.
        body: as it is sent.
        deadline: the head has come by then, or an error is raised.
        whole: whether the body, too, must have come by then; else what is left is the longest pause in it.

    Raises:
        NoAnswerError: no head came.
    """
    if deadline.passed:
        raise NoAnswerError("no time was left", out_of_time=True)
    try:
        if client is not None:
            return _with_httpx(client, url, headers, body, deadline)
        where = target(url)
        if not _proxied.carries(where):
            return _direct(where, headers, body, deadline, whole)
        client, give_back = _proxied.borrow()
        try:
            response = _with_httpx(client, url, headers, body, deadline)
        except BaseException:
            give_back()
            raise
        stream = Lent(response, give_back)
        response.stream, response.extensions["hang_up"] = stream, stream.hang_up
        return response
    except _UNSENDABLE:
        # The original text quotes headers, and with them keys.
        raise NoAnswerError("its address or a header is malformed", unsendable=True) from None
    except httpx.RequestError as error:
        raise no_answer(error, deadline) from error


def _direct(where: Target, headers: Mapping[str, str], body: bytes, deadline: Deadline, whole: bool) -> httpx.Response:
    head = where.head(headers, len(body))
    connections = _connections
    connection = connections.borrow(where, deadline)
    try:
        status, answered = connection.ask(head, body, deadline)
    except BaseException:
        connection.close()
        raise
    give_back = partial(connections.give_back, where)
    stream = Body(connection, give_back, deadline if whole else None, deadline.remaining)
    return httpx.Response(status, headers=answered, stream=stream, extensions={"hang_up": stream.hang_up})


def _with_httpx(
    client: httpx.Client, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> httpx.Response:
    left = min(deadline.remaining, LONGEST_READ_SECONDS)
    timeout = httpx.Timeout(left, connect=min(left, CONNECT_SECONDS))
    request = client.build_request("POST", url, headers=dict(headers), content=body, timeout=timeout)
    with unlogged():
        return client.send(request, stream=True)


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
    plain = "content-encoding" not in response.headers and not response.is_closed
    for part in response.iter_raw() if plain else response.iter_bytes():
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
