"""Who may do what, compared answer by answer with those recorded from Elasticsearch 9.2.4."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from headpond.node import Node, Request
from tests.node.security_scenes import SCENES
from tests.node.security_session import ELASTIC_PASSWORD, Answer, Send, play

ANSWERS = Path(__file__).parent / "security_answers.json"


def recorded(scene: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ANSWERS.read_text())[scene]
    return found


@pytest.fixture
def send() -> Iterator[Send]:
    node = Node(None, security=True, password=ELASTIC_PASSWORD)

    def in_process(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = target.partition("?")
        answer = node.handle(Request(method, path, dict(parse_qsl(query, keep_blank_values=True)), dict(headers), body))
        return answer.status, answer.headers, answer.body

    yield in_process
    node.close()


@pytest.mark.parametrize("scene", SCENES)
def test_the_pond_answers_as_elasticsearch_does(scene: str, send: Send) -> None:
    wanted, got = recorded(scene), play(SCENES[scene], send)
    assert list(got) == list(dict.fromkeys(got))
    wrong = {step: {"wanted": wanted[step], "got": answer} for step, answer in got.items() if answer != wanted[step]}
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
    assert set(wanted) == set(got), "steps that are gone: record again"
