"""The recorded answers of security, asked again of a real Elasticsearch; `--record` keeps what it says."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

import pytest

from tests.node.security_scenes import SCENES
from tests.node.security_session import ELASTIC_PASSWORD, Answer, Send, in_lines, play
from tests.node.test_security_recorded import ANSWERS, recorded
from tests.real.distribution import DEFAULT_VERSION
from tests.real.fixtures import start
from tests.real.secure_node import SecureNode


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    with start(DEFAULT_VERSION, lambda version: SecureNode(ELASTIC_PASSWORD)) as node:
        address = urlsplit(node.url)

        def over_http(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
            connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
            try:
                connection.request(method, path, body or None, dict(headers))
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            found: dict[str, str] = {}
            for name, value in answer.getheaders():
                found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
            return answer.status, found, content

        yield over_http


def clear(send: Send) -> None:
    """Removes the users and roles of the scene before."""
    credentials = base64.b64encode(f"elastic:{ELASTIC_PASSWORD}".encode()).decode()
    headers = {"authorization": f"Basic {credentials}"}
    for kind in ("user", "role"):
        _, _, content = send("GET", f"/_security/{kind}", headers, b"")
        for name, described in json.loads(content).items():
            if "_reserved" not in described["metadata"]:
                send("DELETE", f"/_security/{kind}/{quote(name)}", headers, b"")


@pytest.mark.real
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", SCENES)
def test_elasticsearch_answers_as_recorded(scene: str, send: Send, request: pytest.FixtureRequest) -> None:
    clear(send)
    answers = play(SCENES[scene], send)
    if request.config.getoption("--record"):
        kept = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
        kept[scene] = answers
        ANSWERS.write_text(in_lines(kept))
    assert answers == recorded(scene)
