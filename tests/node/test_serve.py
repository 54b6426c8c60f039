"""The pond over HTTP."""

import asyncio
import gzip
import http.client
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError, TargetError
from headpond.node import Node
from headpond.node.asgi import Application
from headpond.node.serve import bind, serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    node = Node(None)
    with serving(node) as address:
        yield address
    node.close()


def send(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, dict(answer.getheaders()), json.loads(content) if content else None
    finally:
        connection.close()


def test_the_official_client_works_over_http(url: str) -> None:
    with Elasticsearch(url, http_compress=True) as es:
        es.index(index="http", id="a/b ü", document={"t": "x" * 2000}, refresh=True)
        assert es.search(index="http", query={"match_all": {}})["hits"]["hits"][0]["_id"] == "a/b ü"
        assert es.get(index="http", id="a/b ü")["found"]


def test_curl_gets_plain_json(url: str) -> None:
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-elastic-product"] == "Elasticsearch"
        assert json.load(answer)["tagline"] == "You Know, for Search"


def test_head_has_no_body(url: str) -> None:
    assert send(url, "HEAD", "/")[::2] == (200, None)


def test_a_form_is_refused_as_elasticsearch_refuses_it(url: str) -> None:
    status, _, body = send(url, "POST", "/a/_doc", b"a=1", content_type="application/x-www-form-urlencoded")
    assert status == 406
    assert body["error"] == "Content-Type header [application/x-www-form-urlencoded] is not supported"


def test_a_name_that_was_made_to_point_here_is_refused(url: str) -> None:
    assert send(url, "GET", "/", host="evil.example")[0] == 403


def test_a_body_that_grows_beyond_the_limit_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headpond.node.asgi.MAX_BODY_BYTES", 1000)
    bomb = gzip.compress(b'{"t": "' + b" " * 1_000_000 + b'"}')
    assert len(bomb) < 1100
    headers = {"content_type": "application/json", "content_encoding": "gzip"}
    assert send(url, "POST", "/a/_doc", bomb, **headers)[0] == 413
    assert send(url, "POST", "/a/_doc", b'"' + b"x" * 2000 + b'"', content_type="application/json")[0] == 413


def test_a_client_that_leaves_before_its_request_is_whole_is_not_answered() -> None:
    node, sent = Node(None), []
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    scope = {"type": "http", "method": "POST", "path": "/a/_doc", "raw_path": b"/a/_doc", "query_string": b"",
             "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")]}  # fmt: skip

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Application(node)(scope, receive, send))
    assert (messages, sent) == ([], [])
    node.close()


def test_bytes_that_are_not_gzip_are_refused(url: str) -> None:
    headers = {"content_type": "application/json", "content_encoding": "gzip"}
    assert send(url, "POST", "/a/_doc", b"{}", **headers)[0] == 400


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com"])
def test_only_loopback_addresses_are_served(host: str) -> None:
    with pytest.raises(InputError, match="loopback"):
        bind(host, 0)


def test_a_port_that_is_taken_is_said(url: str) -> None:
    port = urlsplit(url).port
    with pytest.raises(TargetError, match=rf"cannot listen on 127.0.0.1:{port}.*(\n.*)*--port"):
        bind("127.0.0.1", port or 0)


def test_headpond_serve_answers_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "headpond.cli.app", "serve", "--target", "memory", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = next(word for word in line.replace(",", " ").split() if word.startswith("http://"))
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(2)
        assert process.wait(timeout=30) in (0, 130)


def test_what_is_nested_deep_is_stored_and_shown_or_refused(url: str) -> None:
    document = ('{"a": ' + "[" * 300 + "1" + "]" * 300 + "}").encode()
    headers = {"content_type": "application/json"}
    assert send(url, "PUT", "/deep/_doc/1?refresh=true", document, **headers)[0] in (201, 400)
    assert send(url, "GET", "/deep/_search")[0] == 200
    query = ('{"query": ' + '{"bool": {"must": ' * 300 + '{"match_all": {}}' + "}}" * 300 + "}").encode()
    assert send(url, "POST", "/deep/_search", query, **headers)[0] == 400
