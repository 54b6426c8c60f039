"""What is sent: large bodies, bodies that nobody reads, what cannot be sent."""

import socket

import pytest

from tests.services.exchange.server import OK, Serve, Server, always, failure, post, silent


def test_a_body_that_nobody_reads_is_given_up_in_time(serve: Serve) -> None:
    server = serve(silent)
    assert failure(server.url, b" " * 50_000_000, seconds=0.2).out_of_time


def test_a_large_body_arrives(serve: Serve) -> None:
    server = serve(always(OK))
    body = bytes(range(256)) * 20_000
    assert post(server.url, body).body == b"ok"
    assert server.asked[0].endswith(body)
    assert len(server.asked[0]) < len(body) + 1000


def test_a_refusal_before_the_body_was_read_is_heard(serve: Serve) -> None:
    def script(server: Server, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    server = serve(script)
    assert post(server.url, b" " * 5_000_000).status == 413


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:1/", {"x": "a\r\nb: c"}),
        ("http://127.0.0.1:1/", {"x": "a\n"}),
        ("http://127.0.0.1:1/", {"x": " a"}),
        ("http://127.0.0.1:1/", {"x": "\u00e9"}),
        ("http://127.0.0.1:1/", {"x y": "a"}),
        ("http://127.0.0.1:1/", {"": "a"}),
        ("ftp://127.0.0.1:1/", {}),
        ("/v1", {}),
        ("http://", {}),
        ("http://127.0.0.1:port/", {}),
    ],
)
def test_what_cannot_be_sent_is_not(url: str, headers: dict[str, str]) -> None:
    found = failure(url, **headers)
    assert found.unsendable
    assert found.reason == "its address or a header is malformed"
    assert found.__cause__ is None


def test_a_user_in_the_address_authenticates(serve: Serve) -> None:
    server = serve(always(OK))
    post(server.url.replace("127.0.0.1", "me:se%20cret@127.0.0.1"), authorization="Bearer k")
    assert b"authorization: Basic bWU6c2UgY3JldA==\r\n" in server.asked[0]
    assert b"Bearer" not in server.asked[0]
