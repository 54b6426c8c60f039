"""One request to a provider, and what came of it."""

from __future__ import annotations

import atexit
import math
import os
import socket
from collections.abc import Iterable, Mapping
from functools import partial

import httpx

from headpond.inference.deadline import Deadline
from headpond.services._http.answer import Answer, NoAnswerError
from headpond.services._http.body import Body
from headpond.services._http.connection import LONGEST_READ_SECONDS, Connection
from headpond.services._http.connections import CONNECT_SECONDS, Connections
from headpond.services._http.proxied import Lent, Proxied
from headpond.services._http.quiet import unlogged
from headpond.services._http.target import Target, target

MAX_ANSWER_BYTES = 50 * 1024 * 1024
"""A longer answer is refused, as by Elasticsearch's `xpack.inference.http.max_response_size`."""


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
    """Whether `exchange` is over by its deadline whatever happens; behind a proxy it nearly is."""
    return not _proxied.needed()


def exchange(
    client: httpx.Client | None, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> Answer:
    """Sends one request and reads the whole answer; nothing is repeated here.

    For the arguments see `begin`.

    Raises:
        NoAnswerError: it did not come, or not whole and in time.
    """
    where = _direct(client, url)
    if where is None:
        return finish(begin(client, url, headers, body, deadline), deadline)
    connections = _connections
    try:
        connection, status, answered = _asked(connections, where, headers, body, deadline)
        try:
            found = httpx.Headers(answered)
            parts = connection.body(lambda: deadline.remaining)
            if "content-encoding" in found:
                parts = httpx.Response(status, headers=answered, content=parts).iter_bytes()
            return Answer(status, found, _joined(parts, deadline))
        finally:
            connections.give_back(where, connection)
    except httpx.RequestError as error:
        raise no_answer(error, deadline) from error


def begin(
    client: httpx.Client | None, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> httpx.Response:
    """Sends one request and reads the head of the answer, not its body; nothing is repeated here.

    The caller closes the answer; its extension `hang_up` ends it from any thread. What is left until the deadline is
    also the longest pause between two parts of the body. Proxies of the environment apply, but never to this machine's
    own addresses.

    Args:
        client: stands in for the provider; None for the world.
        url: the whole URL.
        headers: besides those every request has.
        body: as it is sent.
        deadline: the head has come by then, or an error is raised.

    Raises:
        NoAnswerError: no head came.
    """
    where = _direct(client, url)
    try:
        if where is not None:
            connection, status, answered = _asked(_connections, where, headers, body, deadline)
            stream: Body | Lent = Body(connection, partial(_connections.give_back, where), deadline.remaining)
            response = httpx.Response(status, headers=answered, stream=stream)
        elif client is not None:
            return _with_httpx(client, url, headers, body, deadline)
        else:
            client, give_back = _proxied.borrow()
            try:
                response = _with_httpx(client, url, headers, body, deadline)
            except BaseException:
                give_back()
                raise
            stream = response.stream = Lent(response, give_back)
    except _UNSENDABLE:
        raise _unsendable() from None
    except httpx.RequestError as error:
        raise no_answer(error, deadline) from error
    response.extensions["hang_up"] = stream.hang_up
    return response


def _direct(client: httpx.Client | None, url: str) -> Target | None:
    """Where a request goes over a connection of ours; None where httpx sends it."""
    if client is not None:
        return None
    try:
        where = target(url)
    except _UNSENDABLE:
        raise _unsendable() from None
    return None if _proxied.carries(where) else where


def _asked(
    connections: Connections, where: Target, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> tuple[Connection, int, list[tuple[bytes, bytes]]]:
    """A connection on which the head of the answer has come, with its status and headers."""
    if deadline.passed:
        raise _out_of_time()
    try:
        head = where.head(headers, len(body))
    except httpx.LocalProtocolError:
        raise _unsendable() from None
    connection = connections.borrow(where, deadline)
    try:
        return connection, *connection.ask(head, body, deadline)
    except BaseException:
        connection.close()
        raise


def _with_httpx(
    client: httpx.Client, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> httpx.Response:
    if deadline.passed:
        raise _out_of_time()
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
        return Answer(response.status_code, response.headers, _joined(response.iter_bytes(), deadline))
    except httpx.RequestError as error:
        raise no_answer(error, deadline) from error
    finally:
        response.close()


def _joined(parts: Iterable[bytes], deadline: Deadline) -> bytes:
    read, length = [], 0
    for part in parts:
        read.append(part)
        length += len(part)
        if length > MAX_ANSWER_BYTES:
            raise NoAnswerError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes", too_large=True)
        if deadline.passed:
            raise NoAnswerError("the answer did not end in time", out_of_time=True)
    return b"".join(read)


def _out_of_time() -> NoAnswerError:
    return NoAnswerError("no time was left", out_of_time=True)


def _unsendable() -> NoAnswerError:
    """Its cause is left out: the text quotes headers, and with them keys."""
    return NoAnswerError("its address or a header is malformed", unsendable=True)


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
