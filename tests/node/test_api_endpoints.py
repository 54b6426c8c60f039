"""Every endpoint that the official client knows is answered, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import elasticsearch
import pytest

from headpond.node import Node, Request

CLIENT = Path(elasticsearch.__file__).parent / "_sync" / "client"
PATH = re.compile(r'__path = f?(["\'])(/.*?)\1\n.*?"(GET|PUT|POST|DELETE|HEAD)"', re.DOTALL)
PART = re.compile(r"\{_quote\(__path_parts\[.(\w+).\]\)\}")


def endpoints() -> list[tuple[str, str]]:
    found = {
        (method, PART.sub("x", path))
        for file in sorted(CLIENT.glob("*.py"))
        for _, path, method in PATH.findall(file.read_text(encoding="utf-8"))
    }
    return sorted(found)


@pytest.fixture(scope="module")
def pond() -> Iterator[Node]:
    node = Node(None)
    yield node
    node.close()


def test_the_client_has_as_many_endpoints_as_expected() -> None:
    assert len(endpoints()) > 500


def test_every_endpoint_of_the_client_is_known(pond: Node) -> None:
    unknown = []
    for method, path in endpoints():
        answer = pond.handle(Request(method, path, {}, {"content-type": "application/json"}))
        if answer.status == 405 or b"no handler found" in answer.body or answer.status == 500:
            unknown.append(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
    assert unknown == []
