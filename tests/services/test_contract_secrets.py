"""No secret of an endpoint comes out, whatever its provider says about it, for every service; see `case.py`."""

import logging
import pickle
import traceback
from typing import Any

import pytest

from headpond.errors import RestError
from headpond.node import Node
from tests.services.case import SECRET
from tests.services.provider import Asked, Reply
from tests.services.stand import PIECEWISE, SAID, WHOLE, Stand
from tests.services.test_contract_stream_faults import headers, parts

HEADERS = ("authorization", "api-key", "x-api-key", "x-goog-api-key", "x-amz-security-token")


def quoted(asked: Asked) -> str:
    """All that the provider was sent."""
    return f"{asked.path} {asked.headers} {asked.body!r}"


def credentials(asked: Asked) -> list[str]:
    """What a request proves itself with, where it is one word: keys, and tokens that were fetched."""
    found = [asked.headers[name].split(" ") for name in HEADERS if name in asked.headers]
    return [words[-1] for words in found if len(words) <= 2]


def faults(stand: Stand) -> dict[str, Any]:
    """Ways of a provider to quote what it was sent."""
    way = stand.way
    found = {
        "an error": lambda asked: stand.error(400, quoted(asked)),
        "a refused key": lambda asked: stand.error(401, quoted(asked)),
        "a server error": lambda asked: stand.error(500, quoted(asked)),
        "no answer": lambda asked: Reply(body=quoted(asked).encode()),
        "a good status": lambda asked: Reply(body=way.case.error(quoted(asked))),
        "a lost connection": lambda asked: Reply(reset=True),
    }
    if way.streamed:
        found["an event"] = lambda asked: Reply(
            headers=headers(way, asked), parts=[*parts(way, asked)[:-2], f"data: {quoted(asked)}\n\n".encode()]
        )
    return found


@pytest.mark.parametrize("stand", WHOLE + PIECEWISE, ids=str, indirect=True)
def test_no_secret_comes_out(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name, fault in faults(stand).items():
        caplog.clear()
        stand.answers(then=fault)
        refusal = stand.refused()
        secrets = [SECRET, *(word for asked in stand.asked for word in credentials(asked))]
        shown = f"{refusal.text} {refusal.headers} {caplog.text} {_raised(stand)}"
        assert not [secret for secret in secrets if secret in shown], (name, shown)


def _raised(stand: Stand) -> str:
    """What an embedder of the node sees of the same fault: the error, its causes, its pickle."""
    node: Node = stand.client.transport.node_pool.get().pond  # type: ignore[attr-defined]
    case, inference = stand.way.case, node.inference
    body: dict[str, Any] = {"input": SAID if case.task_type == "completion" else stand.texts}
    if case.task_type == "rerank":
        body["query"] = "q"
    if case.task_type == "chat_completion":
        body = {"messages": [{"role": "user", "content": SAID}]}
    try:
        if stand.way.streamed:
            list(inference.stream("e", None, body))
        else:
            inference.infer("e", None, body)
    except RestError as raised:
        error = raised
    else:
        pytest.fail("nothing was raised")
    return f"{''.join(traceback.format_exception(error))} {error!r} {pickle.dumps(error)!r} {error.body()}"


@pytest.mark.parametrize("stand", WHOLE, ids=str, indirect=True)
def test_no_secret_is_in_what_describes_an_endpoint(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stand.answers(then=lambda asked: stand.error(401, quoted(asked)))
    case, put = stand.way.case, stand.client.options(ignore_status=400).inference.put
    refused = put(inference_id="f", task_type=case.task_type, inference_config=stand.config)
    assert refused["status"] == 400
    node: Node = stand.client.transport.node_pool.get().pond  # type: ignore[attr-defined]
    endpoint, secrets = node.inference._stored("e")
    shown = [refused.body, stand.client.inference.get().body, repr(endpoint), repr(secrets), str(secrets), caplog.text]
    assert SECRET not in str(shown)
