"""Security over HTTP and TLS: the official clients, the first start, and which addresses may be listened on."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from elasticsearch import AsyncElasticsearch, AuthenticationException, AuthorizationException, Elasticsearch

from headpond import connect, connect_async
from headpond.errors import InputError, TargetError
from headpond.node import Node
from headpond.node.security.kept import FILE_NAME
from headpond.node.serve import Tls, bind, serving

PASSWORD = "only-for-elastic"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    node = Node(None, security=True, password=PASSWORD)
    with serving(node) as address:
        yield address
    node.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The authority's certificate, and the server's with its key."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    files = {"ca": folder / "ca.crt", "cert": folder / "pond.crt", "key": folder / "pond.key"}
    authority.cert_pem.write_to_path(files["ca"])
    files["cert"].write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(files["key"])
    return files


def test_the_clients_send_passwords_and_keys(url: str) -> None:
    with connect(url, basic_auth=("elastic", PASSWORD)) as es:
        key = es.security.create_api_key(name="k")["encoded"]
        es.index(index="a", id="1", document={"t": "x"}, refresh=True)
    with connect(url, api_key=key) as es:
        assert es.count(index="a")["count"] == 1
        assert es.security.authenticate()["authentication_type"] == "api_key"

    async def asynchronously() -> list[int]:
        async with (
            connect_async(url, basic_auth=("elastic", PASSWORD)) as first,
            connect_async(url, api_key=key) as second,
            AsyncElasticsearch(url) as nobody,
        ):
            counts = [(await es.count(index="a"))["count"] for es in (first, second)]
            with pytest.raises(AuthenticationException):
                await nobody.count(index="a")
            return counts

    assert asyncio.run(asynchronously()) == [1, 1]


def test_a_connection_without_the_right_to_see_the_version_is_a_connection(url: str) -> None:
    with connect(url, basic_auth=("elastic", PASSWORD)) as es:
        descriptors = {"r": {"cluster": ["monitor_inference"]}}
        key = es.security.create_api_key(name="inference", role_descriptors=descriptors)["encoded"]
    with connect(url, api_key=key) as es:
        assert es.inference.get()["endpoints"]
        with pytest.raises(AuthorizationException):
            es.info()


@pytest.mark.parametrize("options", [{}, {"basic_auth": ("elastic", "wrong")}, {"api_key": "bm9wZTpub3Bl"}])
def test_a_connection_with_wrong_credentials_is_refused_in_one_line(url: str, options: dict[str, str]) -> None:
    with pytest.raises(TargetError, match=r"refuses the credentials \(401\)") as caught:
        connect(url, **options)
    assert "wrong" not in str(caught.value)


def test_somebody_unknown_is_told_what_to_send(url: str) -> None:
    status, headers, body = ask(url, "GET", "/_cluster/health")
    assert status == 401
    assert headers.get_all("WWW-Authenticate") == ['Basic realm="security", charset="UTF-8"', "ApiKey"]
    assert "X-Elastic-Product" not in headers
    assert b"missing authentication credentials for REST request [/_cluster/health]" in body


def test_a_body_of_somebody_unknown_is_not_read(url: str) -> None:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.putrequest("POST", "/a/_doc")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(10**12))
        connection.endheaders(b'{"t": ')
        assert connection.getresponse().status == 401
    finally:
        connection.close()


def test_any_host_name_is_served_to_who_is_known(url: str) -> None:
    assert ask(url, "GET", "/", host="pond.example")[0] == 401


def ask(url: str, method: str, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_tls(certificates: dict[str, Path]) -> None:
    node = Node(None, security=True, password=PASSWORD)
    with serving(node, tls=Tls(certificates["cert"], certificates["key"])) as address:
        assert address.startswith("https://")
        options = {"basic_auth": ("elastic", PASSWORD), "ca_certs": str(certificates["ca"])}
        with connect(address, **options) as es:
            assert es.security.authenticate()["username"] == "elastic"
        with pytest.raises(TargetError, match="TLS failed"):
            connect(address, basic_auth=("elastic", PASSWORD))
        port = urlsplit(address).port
        context = ssl.create_default_context(cafile=str(certificates["ca"]))
        plain = socket.create_connection(("127.0.0.1", port or 0), timeout=60)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            assert connection.version() in ("TLSv1.2", "TLSv1.3")
        with pytest.raises(TargetError):
            connect(f"http://127.0.0.1:{port}", basic_auth=("elastic", PASSWORD))
    node.close()


def test_without_security_or_tls_only_loopback_addresses_are_served(certificates: dict[str, Path]) -> None:
    for options, missing in (
        ({}, "without security"),
        ({"tls": True}, "without security"),
        ({"security": True}, "without TLS"),
    ):
        with pytest.raises(InputError, match=f"{missing}.*loopback addresses only(.*\n)*.*--tls-cert"):
            bind("0.0.0.0", 0, **options)
    with pytest.raises(InputError, match="loopback"):
        bind("pond.example", 0, security=True, tls=True)


def test_with_security_and_tls_every_address_is_served(certificates: dict[str, Path]) -> None:
    node = Node(None, security=True, password=PASSWORD)
    with serving(node, "0.0.0.0", tls=Tls(certificates["cert"], certificates["key"])) as address:
        here = address.replace("0.0.0.0", "localhost")
        with connect(here, basic_auth=("elastic", PASSWORD), ca_certs=str(certificates["ca"])) as es:
            assert es.info()["tagline"]
    node.close()


def test_a_certificate_that_cannot_be_used_is_said(certificates: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        Tls(tmp_path / "none.crt", certificates["key"]).check()
    with pytest.raises(InputError, match="cannot be used for TLS"):
        Tls(certificates["ca"], certificates["key"]).check()
    broken = tmp_path / "broken.key"
    broken.write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(InputError, match="cannot be used for TLS"):
        Tls(certificates["cert"], broken).check()


class Served:
    """`headpond serve` in a process of its own; its first lines on stderr."""

    def __init__(self, folder: Path, *options: str, password: str | None = None) -> None:
        environment = {**os.environ, **({"HEADPOND_PASSWORD": password} if password else {})}
        command = [sys.executable, "-m", "headpond.cli.app", "serve", "--target", "embedded:pond", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--security", *options], cwd=folder, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stderr is not None
        self.lines: list[str] = []
        for line in self._process.stderr:
            self.lines.append(line)
            if "answers" in line:
                break
        found = re.search(r"https?://\S+:\d+", self.lines[-1])
        assert found, self.lines
        self.url = found[0]

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(2)
        self._process.wait(timeout=60)
        assert self._process.stderr is not None
        self._process.stderr.close()


def test_the_first_start_shows_a_password_once_and_keeps_it_nowhere(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        found = re.search(r"password of the user elastic, shown this once: (\S+)", served.lines[0])
        assert found
        password = found[1]
        with connect(served.url, basic_auth=("elastic", password)) as es:
            assert es.security.authenticate()["roles"] == ["superuser"]
    with Served(tmp_path) as served:
        assert len(served.lines) == 1, "not shown again"
        with connect(served.url, basic_auth=("elastic", password)) as es:
            assert es.info()
    assert (tmp_path / "pond" / FILE_NAME).exists()
    for file in (tmp_path / "pond").rglob("*"):
        assert not file.is_file() or password.encode() not in file.read_bytes()


def test_the_environment_gives_the_first_password_and_a_file_another(tmp_path: Path) -> None:
    with Served(tmp_path, password="from-the-environment") as served:
        assert len(served.lines) == 1
        with connect(served.url, basic_auth=("elastic", "from-the-environment")) as es:
            assert es.info()
    (tmp_path / "password").write_text("from-a-file\n")
    with Served(tmp_path, "--password-file", "password") as served:
        assert "keeps the password it has" in served.lines[0]
        assert "from-a-file" not in "".join(served.lines)
        with pytest.raises(TargetError):
            connect(served.url, basic_auth=("elastic", "from-a-file"))
    with (
        Served(tmp_path, "--password-file", "password", "--reset-password") as served,
        connect(served.url, basic_auth=("elastic", "from-a-file")) as es,
    ):
        assert es.info()


def test_tls_from_the_command_line(tmp_path: Path, certificates: dict[str, Path]) -> None:
    options = ("--tls-cert", str(certificates["cert"]), "--tls-key", str(certificates["key"]))
    with (
        Served(tmp_path, *options, password=PASSWORD) as served,
        connect(served.url, basic_auth=("elastic", PASSWORD), ca_certs=str(certificates["ca"])) as es,
    ):
        assert served.url.startswith("https://")
        assert es.info()


def test_the_served_pond_is_an_elasticsearch(url: str) -> None:
    with Elasticsearch(url, basic_auth=("elastic", PASSWORD)) as es:
        assert es.info()["version"]["number"].startswith("9.")
