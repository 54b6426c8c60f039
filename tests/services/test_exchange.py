"""One request on the wire: what servers may do with a connection, and what comes of it."""

import gzip
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from headpond.inference.deadline import Deadline
from headpond.services._http import client as http
from headpond.services._http.answer import Answer, NoAnswerError
from headpond.services._http.connections import Connections
from headpond.services._http.proxied import Proxied

Script = Callable[[socket.socket, int], None]
"""What a server does with a connection, whose number is given."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """A server that does as it is told; keeps what it read."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.over = threading.Event()
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/v1"
        self.connections = 0
        self._open: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def read(self, connection: socket.socket) -> bytes:
        """A whole request; nothing when the client has gone."""
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(65536)
            if not part:
                return b""
            request += part
        head, _, body = request.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        self.asked.append(head + b"\r\n\r\n" + body)
        return request

    def close(self) -> None:
        self.over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()
        for thread in self._open:
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.over.is_set():
                connection.close()
                return
            self.connections += 1
            self._open.append(threading.Thread(target=self._serve, args=(connection, self.connections)))
            self._open[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            connection.settimeout(60)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._script(connection, number)
        except OSError:  # the client has gone
            pass
        finally:
            connection.close()


Serve = Callable[..., Server]


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    """A pool for each test."""
    pool, proxied = Connections(), Proxied()
    monkeypatch.setattr(http, "_connections", pool)
    monkeypatch.setattr(http, "_proxied", proxied)
    yield pool
    pool.close()
    proxied.close()


@pytest.fixture
def serve(connections: Connections) -> Iterator[Serve]:
    """Makes servers."""
    servers: list[Server] = []

    def make(script: Script, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(script, tls))
        return servers[-1]

    yield make
    connections.close()
    for server in servers:
        server.close()


def always(answer: bytes) -> Script:
    """Answers every request of a connection so."""

    def script(connection: socket.socket, number: int) -> None:
        server = servers_of[connection.getsockname()[1]]
        while server.read(connection):
            connection.sendall(answer)

    return script


servers_of: dict[int, Server] = {}


def started(serve: Serve, script: Script, tls: ssl.SSLContext | None = None) -> Server:
    server = serve(script, tls)
    servers_of[server.port] = server
    return server


def post(url: str, body: bytes = b"{}", seconds: float = 60, **headers: str) -> Answer:
    return http.exchange(None, url, headers, body, Deadline.after(seconds))


def failure(url: str, body: bytes = b"{}", seconds: float = 60, **headers: str) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as caught:
        post(url, body, seconds, **headers)
    return caught.value


def test_a_request_is_whole_and_its_connection_is_used_again(serve: Serve) -> None:
    server = started(serve, always(OK))
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

    def script(connection: socket.socket, number: int) -> None:
        server.read(connection)
        together.wait(60)
        connection.sendall(OK)
        connection.recv(1)

    server = started(serve, script)
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
    def script(connection: socket.socket, number: int) -> None:
        server.read(connection)
        connection.sendall(answer)

    server = started(serve, script)
    assert [post(server.url).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headpond.services._http.connections.FRESH_SECONDS", 0)
    closed = threading.Event()

    def script(connection: socket.socket, number: int) -> None:
        server.read(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)
        closed.set()
        connection.recv(1)

    server = started(serve, script)
    assert post(server.url).body == b"ok"
    closed.wait()
    assert post(server.url).body == b"ok"
    assert server.connections == 2


def test_a_closed_connection_that_was_not_looked_at_is_no_answer_but_a_failure(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headpond.services._http.connections.FRESH_SECONDS", 60)
    closed = threading.Event()

    def script(connection: socket.socket, number: int) -> None:
        server.read(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)
        closed.set()
        connection.recv(1)

    server = started(serve, script)
    assert post(server.url).body == b"ok"
    closed.wait()
    found = failure(server.url)
    assert (found.out_of_time, found.unreachable) == (False, False)  # what is sent again, then on a new connection
    closed.clear()
    assert post(server.url).body == b"ok"
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_replaced(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headpond.services._http.connections.FRESH_SECONDS", 0)
    monkeypatch.setattr("headpond.services._http.connections.IDLE_SECONDS", 0)
    server = started(serve, always(OK))
    assert [post(server.url).body for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


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
    def script(connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while server.read(connection):
            for start in range(0, len(answer), pieces):
                connection.sendall(answer[start : start + pieces])

    server = started(serve, script)
    for _ in range(2):
        found = post(server.url)
        assert (found.status, found.body) == (200, b"ok")
        assert "x" not in found.headers
    assert server.connections == 1


def test_an_answer_that_unpacks_to_too_much_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    packed = gzip.compress(b" " * 100_000)
    server = started(
        serve, always(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed)
    )
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
    def script(connection: socket.socket, number: int) -> None:
        server.read(connection)
        connection.sendall(answer)

    server = started(serve, script)
    found = failure(server.url)
    assert found.reason.startswith(reason)
    assert (found.out_of_time, found.unreachable, found.unsendable) == (False, False, False)


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"])
def test_a_deadline_is_for_the_whole_answer_and_not_for_its_pauses(serve: Serve, begun: bytes) -> None:
    def script(connection: socket.socket, number: int) -> None:
        server.read(connection)
        connection.sendall(begun)
        while not server.over.wait(0.01):
            connection.sendall(b" ")

    server = started(serve, script)
    assert failure(server.url, seconds=0.2).out_of_time


def test_a_body_that_nobody_reads_is_given_up_in_time(serve: Serve) -> None:
    server = started(serve, lambda connection, number: bool(server.over.wait()) and None)
    assert failure(server.url, b" " * 50_000_000, seconds=0.2).out_of_time


def test_a_large_body_arrives(serve: Serve) -> None:
    server = started(serve, always(OK))
    body = bytes(range(256)) * 20_000
    assert post(server.url, body).body == b"ok"
    assert server.asked[0].endswith(body)
    assert len(server.asked[0]) < len(body) + 1000


def test_a_refusal_before_the_body_was_read_is_heard(serve: Serve) -> None:
    def script(connection: socket.socket, number: int) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    server = started(serve, script)
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
    server = started(serve, always(OK))
    post(server.url.replace("127.0.0.1", "me:se%20cret@127.0.0.1"), authorization="Bearer k")
    assert b"authorization: Basic bWU6c2UgY3JldA==\r\n" in server.asked[0]
    assert b"Bearer" not in server.asked[0]


def test_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = failure(f"http://127.0.0.1:{bound.getsockname()[1]}/")
    assert found.unreachable
    assert not found.out_of_time


def test_names_are_looked_up_and_all_their_addresses_tried(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = started(serve, always(OK))
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
    server = started(serve, always(OK), tls_of(authority[0], "127.0.0.1"))
    other = started(serve, always(OK), tls_of(authority[0], "provider.example"))
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
    server = started(serve, always(answer), tls_of(authority[0], "127.0.0.1"))
    assert [post(server.url).body == content for _ in range(2)] == [True, True]
    assert server.connections == 1


def test_a_tls_server_that_says_nothing_is_left_in_time(serve: Serve) -> None:
    server = started(serve, lambda connection, number: bool(server.over.wait()) and None)
    assert failure(server.url.replace("http:", "https:"), seconds=0.1).out_of_time


def test_proxies_of_the_environment_carry_what_leaves_this_machine(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = started(serve, always(OK)), started(serve, always(OK))
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


def test_hanging_up_ends_an_answer_and_never_the_next_one(serve: Serve) -> None:
    def script(connection: socket.socket, number: int) -> None:
        for count in itertools.count(1):
            if not server.read(connection):
                return
            connection.sendall(OK if count == 1 else b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")

    server = started(serve, script)
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
