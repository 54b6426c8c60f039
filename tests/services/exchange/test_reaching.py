"""The way to a server: names, addresses, certificates, proxies."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from headpond.inference.deadline import Deadline
from headpond.services._http import client as http
from headpond.services._http.connections import Connections
from tests.services.exchange.server import OK, Serve, always, failure, post, silent


def test_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = failure(f"http://127.0.0.1:{bound.getsockname()[1]}/")
    assert found.unreachable
    assert not found.out_of_time


def test_names_are_looked_up_and_all_their_addresses_tried(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(always(OK))
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        ports = (deaf.getsockname()[1], server.port)
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        found = [(*kind, ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **options: found)
        assert post("http://provider.invalid/").body == b"ok"
    assert b"host: provider.invalid\r\n" in server.asked[0]


def test_a_name_that_is_not_known_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert failure("http://provider.invalid/").unknown_host


def test_a_name_service_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **options: answered.wait() and [])
    assert failure("http://provider.invalid/", seconds=0.05).out_of_time
    answered.set()


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, Path]:
    """A certificate authority, and the file of its certificate."""
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return authority, file


def tls_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_certificates_are_checked(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, authority: tuple[trustme.CA, Path]
) -> None:
    server = serve(always(OK), tls_of(authority[0], "127.0.0.1"))
    other = serve(always(OK), tls_of(authority[0], "provider.example"))
    found = failure(server.url)
    assert found.unreachable
    assert "CERTIFICATE_VERIFY_FAILED" in found.reason
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    trusting = Connections()
    monkeypatch.setattr(http, "_connections", trusting)
    for body in (b"{}", bytes(range(256)) * 20_000):
        assert post(server.url, body).body == b"ok"
        assert server.asked[-1].endswith(body)
    assert server.connections == 2  # one of them was refused
    assert "CERTIFICATE_VERIFY_FAILED" in failure(other.url).reason
    trusting.close()


def test_a_long_answer_comes_through_tls(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, authority: tuple[trustme.CA, Path]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    content = bytes(range(256)) * 8000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content) + content
    server = serve(always(answer), tls_of(authority[0], "127.0.0.1"))
    assert [post(server.url).body == content for _ in range(2)] == [True, True]
    assert server.connections == 1


def test_a_tls_server_that_says_nothing_is_left_in_time(serve: Serve) -> None:
    server = serve(silent)
    assert failure(server.url.replace("http:", "https:"), seconds=0.1).out_of_time


def test_proxies_of_the_environment_carry_what_leaves_this_machine(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(always(OK)), serve(always(OK))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    assert http.punctual() is False
    assert post("http://provider.invalid/v1", authorization="Bearer k").body == b"ok"
    assert proxy.asked[0].startswith(b"POST http://provider.invalid/v1 HTTP/1.1\r\n")
    assert post(server.url).body == b"ok"
    assert (len(proxy.asked), len(server.asked)) == (1, 1)
    with_stream = http.begin(None, "http://provider.invalid/v1", {}, b"", Deadline.after(60))
    assert b"".join(with_stream.iter_bytes()) == b"ok"
    with_stream.close()
    http._proxied.close()


def test_no_proxy_of_the_environment_means_punctual(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert http.punctual() is True
