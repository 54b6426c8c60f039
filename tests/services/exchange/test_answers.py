"""Answers in every form, late ones, and what is none."""

import gzip
import socket

import pytest

from headpond.services._http import client as http
from tests.services.exchange.server import OK, Serve, Server, always, failure, once, post


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: z\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nt: u\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(gzip.compress(b"ok"))
        + gzip.compress(b"ok"),
    ],
    ids=["informational answers before", "chunked", "compressed"],
)
@pytest.mark.parametrize("pieces", [1, 100000], ids=["byte by byte", "at once"])
def test_an_answer_is_read_in_any_form(serve: Serve, answer: bytes, pieces: int) -> None:
    def script(server: Server, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while server.read(connection):
            for start in range(0, len(answer), pieces):
                connection.sendall(answer[start : start + pieces])

    server = serve(script)
    for _ in range(2):
        found = post(server.url)
        assert (found.status, found.body) == (200, b"ok")
        assert "x" not in found.headers
    assert server.connections == 1


def test_an_answer_that_unpacks_to_too_much_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    packed = gzip.compress(b" " * 100_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    server = serve(always(head + packed))
    assert failure(server.url).too_large


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "Server disconnected without sending a response."),
        (b"HTTP/1.1 200 OK\r\nconte", "Server disconnected without sending a response."),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", "peer closed connection without sending complete message"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok", "peer closed connection without sending"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "The answer is not HTTP: "),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
            "The server answers in anothe",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n", "The head of the answer is too long"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok", "Error -3 while decompressing"),
    ],
)
def test_what_is_no_answer_is_named(serve: Serve, answer: bytes, reason: str) -> None:
    server = serve(once(answer))
    found = failure(server.url)
    assert found.reason.startswith(reason)
    assert (found.out_of_time, found.unreachable, found.unsendable) == (False, False, False)


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"])
def test_a_deadline_is_for_the_whole_answer_and_not_for_its_pauses(serve: Serve, begun: bytes) -> None:
    def script(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(begun)
        while not server.over.wait(0.01):
            connection.sendall(b" ")

    server = serve(script)
    assert failure(server.url, seconds=0.2).out_of_time
