"""When a connection is used again, and when it is not."""

import itertools
import socket
import threading
from collections.abc import Iterator

import pytest

from headpond.inference.deadline import Deadline
from headpond.services._http import client as http
from tests.services.exchange.server import OK, Script, Serve, Server, always, failure, once, post


def test_a_request_is_whole_and_its_connection_is_used_again(serve: Serve) -> None:
    server = serve(always(OK))
    for _ in range(3):
        assert post(f"{server.url}?key=a%20b", b'{"a":1}', authorization="Bearer k").body == b"ok"
    assert server.connections == 1
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1?key=a%20b HTTP/1.1"
    assert {f"host: 127.0.0.1:{server.port}", "authorization: Bearer k", "content-length: 7"} <= set(lines)
    assert body == b'{"a":1}'


def test_callers_at_once_have_a_connection_each(serve: Serve) -> None:
    together = threading.Barrier(4)

    def script(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        together.wait(60)
        connection.sendall(OK)
        connection.recv(1)

    server = serve(script)
    threads = [threading.Thread(target=post, args=(server.url,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.connections == 4


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n\r\nok",
        OK + b"HTTP/1.1 500 Nobody asked\r\n",
        OK + b"more",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nokmore",
    ],
    ids=["close", "HTTP/1.0", "no length", "another answer", "bytes behind it", "bytes behind the last"],
)
def test_a_connection_that_cannot_go_on_is_not_used_again(serve: Serve, answer: bytes) -> None:
    server = serve(once(answer))
    assert [post(server.url).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


def answers_and_closes(closed: threading.Event) -> Script:
    """Answers one request and says no more; `closed` is set then."""

    def script(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)
        closed.set()
        connection.recv(1)

    return script


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headpond.services._http.connections.FRESH_SECONDS", 0)
    closed = threading.Event()
    server = serve(answers_and_closes(closed))
    assert post(server.url).body == b"ok"
    closed.wait()
    assert post(server.url).body == b"ok"
    assert server.connections == 2


def test_a_closed_connection_that_was_not_looked_at_is_no_answer_but_a_failure(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headpond.services._http.connections.FRESH_SECONDS", 60)
    closed = threading.Event()
    server = serve(answers_and_closes(closed))
    assert post(server.url).body == b"ok"
    closed.wait()
    found = failure(server.url)
    assert (found.out_of_time, found.unreachable) == (False, False)  # what is sent again, then on a new connection
    assert post(server.url).body == b"ok"
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_replaced(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headpond.services._http.connections.FRESH_SECONDS", 0)
    monkeypatch.setattr("headpond.services._http.connections.IDLE_SECONDS", 0)
    server = serve(always(OK))
    assert [post(server.url).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


def test_hanging_up_ends_an_answer_and_never_the_next_one(serve: Serve) -> None:
    def script(server: Server, connection: socket.socket) -> None:
        for count in itertools.count(1):
            if not server.read(connection):
                return
            connection.sendall(OK if count == 1 else b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")

    server = serve(script)
    first = http.begin(None, server.url, {}, b"", Deadline.after(60))
    assert b"".join(first.iter_bytes()) == b"ok"
    first.close()
    second = http.begin(None, server.url, {}, b"", Deadline.after(60))
    assert server.connections == 1
    first.extensions["hang_up"]()  # is over: the connection is the second's now
    parts = second.iter_raw()
    assert next(parts) == b"o"
    waiting = threading.Thread(target=lambda: ended.append(list_or_error(parts)))
    ended: list[str] = []
    waiting.start()
    second.extensions["hang_up"]()
    waiting.join()
    assert ended == ["RemoteProtocolError"]
    second.close()


def list_or_error(parts: Iterator[bytes]) -> str:
    try:
        return repr(list(parts))
    except Exception as error:
        return type(error).__name__
