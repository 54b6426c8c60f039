"""`headpond doctor`: every trouble an endpoint may have is told from the others, with what to do next."""

import json
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from headpond.errors import ModelError
from headpond.node import Node
from headpond.node.serve import serving
from tests.command import Run
from tests.services.clock import Clock
from tests.services.provider import Asked, Provider, Reply

SECRET = "sk-hunter2-of-the-doctor"
POND = Path(".headpond")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts take no time."""
    Clock(monkeypatch)


def made(run: Run, name: str, task_type: str, settings: dict[str, Any], service: str = "fake") -> None:
    Path("body.json").write_text(json.dumps({"service": service, "service_settings": settings}))
    done = run("endpoints", "put", name, "--task-type", task_type, "--file", "body.json")
    assert done.code == 0, done.err


@pytest.fixture
def dense(run: Run, provider: Provider) -> Provider:
    """The provider behind the endpoint `dense`, which was well when it was made."""
    url = f"{provider.url}/v1/embeddings"
    made(run, "dense", "text_embedding", {"api_key": SECRET, "model_id": "m-1", "url": url}, "openai")
    return provider


def examined(run: Run, *args: str) -> dict[str, Any]:
    """The last finding of an examination, checked for its shape."""
    done = run("doctor", *args, "--json")
    diagnosis = json.loads(done.out)
    assert done.code == (0 if diagnosis["ok"] else 1)
    assert SECRET not in done.out + done.err
    assert diagnosis["ok"] == all(finding["ok"] for finding in diagnosis["findings"])
    last: dict[str, Any] = diagnosis["findings"][-1]
    assert last["ok"] or (last["cause"] and last["next"])
    return last


@pytest.mark.parametrize(
    ("task_type", "says"),
    [
        ("text_embedding", "its vectors have 64 dimensions"),
        ("sparse_embedding", "it answers with 4 weighted tokens"),
        ("rerank", "best is 'water drives a mill'"),
        ("completion", "it answers with 18 characters"),
        ("chat_completion", "it answers with 18 characters"),
    ],
)
def test_a_healthy_endpoint_of_every_task_type_is_called_so(run: Run, task_type: str, says: str) -> None:
    made(run, "e", task_type, {})
    found = examined(run, "e")
    assert found["ok"]
    assert says in found["what"]
    printed = run("doctor", "e").out
    assert printed.startswith(f"ok     endpoint: {task_type}, service fake")
    assert "wrong" not in printed


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"error": {"message": f"{message} {SECRET}"}})


@pytest.mark.parametrize(
    ("reply", "cause", "then"),
    [
        (_error(401, "Incorrect API key"), "key refused", "headpond endpoints update dense"),
        (_error(403, "Your account may not use this region"), "no permission", "let the key use"),
        (_error(429, "Rate limit reached for requests"), "rate limit", "requests_per_minute"),
        (_error(429, "You exceeded your current quota, check your billing"), "quota used up", "pay the bill"),
        (_error(404, "The model `m-1` does not exist"), "wrong model", "delete dense"),
        (_error(400, "invalid model ID"), "wrong model", "the model's name"),
        (Reply(404, b"<html>not here"), "wrong address or model", "check url"),
        (Reply(302, b"", {"location": "https://elsewhere.example"}), "wrong address", "as url"),
        (_error(413, "too many tokens"), "text too long", "max_input_tokens"),
        (_error(500, "oops"), "provider in trouble", "later"),
        (_error(503, "overloaded"), "provider in trouble", "status page"),
        (_error(422, "what is this"), "request refused", "provider's message"),
        (Reply(body=b"<html>welcome"), "not the provider's API", "check url"),
        (Reply(reset=True), "connection broke", "ask again"),
    ],
)
def test_what_a_provider_answers_is_told_apart(run: Run, dense: Provider, reply: Reply, cause: str, then: str) -> None:
    dense.always = lambda asked: reply
    found = examined(run, "dense")
    assert (found["check"], found["cause"]) == ("answer", cause), found
    assert then in found["next"]
    printed = run("doctor", "dense").out
    assert f"cause: {cause}\n" in printed
    assert f"next: {found['next']}\n" in printed


def test_a_provider_that_hangs_is_too_slow(run: Run, dense: Provider) -> None:
    dense.always = lambda asked: Reply(hangs=True)
    found = examined(run, "dense", "--timeout", "100ms")
    assert (found["cause"], "--timeout" in found["next"]) == ("too slow", True)


def test_a_port_where_nobody_listens_is_unreachable(run: Run, dense: Provider) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        moved(dense, f"http://127.0.0.1:{bound.getsockname()[1]}")
        found = examined(run, "dense")
    assert (found["cause"], "host and port" in found["next"]) == ("unreachable", True)


def moved(provider: Provider, url: str) -> None:
    """Lets the endpoint's stored address be another."""
    connection = sqlite3.connect(POND / "pond.sqlite3")
    ((config,),) = connection.execute("SELECT config FROM inference_endpoints WHERE inference_id = 'dense'").fetchall()
    with connection:
        connection.execute("UPDATE inference_endpoints SET config = ?", (config.replace(provider.url, url),))
    connection.close()


def test_a_host_that_has_no_address_is_unknown(run: Run, dense: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    moved(dense, "http://provider.invalid")

    def no_such(*args: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such)
    found = examined(run, "dense")
    assert (found["cause"], "provider.invalid" in found["what"]) == ("unknown host", True)


def test_a_server_without_tls_is_told(run: Run, dense: Provider) -> None:
    moved(dense, dense.url.replace("http://", "https://"))
    assert examined(run, "dense")["cause"] == "TLS"


def test_lost_secrets_are_told(run: Run, dense: Provider) -> None:
    (POND / "secrets.sqlite3").unlink()
    found = examined(run, "dense")
    assert (found["cause"], "update dense" in found["next"]) == ("secrets lost", True)
    assert not dense.asked[1:]


def test_other_dimensions_than_before_are_told(run: Run, dense: Provider) -> None:
    def shorter(asked: Asked) -> Reply:
        return Reply(body={"data": [{"index": 0, "embedding": [0.5, 0.5]}]})

    dense.always = shorter
    found = examined(run, "dense")
    assert (found["check"], found["cause"]) == ("dimensions", "wrong dimensions")
    assert found["what"] == "its vectors have 2 dimensions, its settings say 3"


@pytest.mark.parametrize("numbers", [[0.0, 0.0, 0.0]])
def test_a_vector_of_zeros_is_odd(run: Run, dense: Provider, numbers: list[float]) -> None:
    dense.always = lambda asked: Reply(body={"data": [{"index": 0, "embedding": numbers}]})
    assert examined(run, "dense")["cause"] == "odd answer"


@pytest.mark.parametrize("task_type", ["completion", "chat_completion"])
def test_streams_and_texts_have_the_same_troubles(run: Run, provider: Provider, task_type: str) -> None:
    url = f"{provider.url}/v1/chat/completions"
    made(run, "talk", task_type, {"api_key": SECRET, "model_id": "m-1", "url": url}, "openai")
    provider.always = lambda asked: _error(429, "quota")
    assert examined(run, "talk")["cause"] == "quota used up"
    provider.always = lambda asked: _error(401, "no")
    assert examined(run, "talk")["cause"] == "key refused"
    provider.always = lambda asked: Reply(hangs=True)
    assert examined(run, "talk", "--timeout", "100ms")["cause"] == "too slow"


def test_a_model_that_cannot_be_had_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_network(*args: Any) -> Any:
        raise ModelError("there is no network")

    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr("headpond.models.fetching._fetch", no_network)
    found = examined(run, ".rerank-v1-elasticsearch")
    assert (found["cause"], "headpond models pull" in found["next"]) == ("model not at hand", True)
    assert "there is no network" in found["what"]


def test_an_endpoint_that_is_not_there_is_named_with_the_nearest(run: Run) -> None:
    made(run, "dense", "text_embedding", {})
    found = examined(run, "dens")
    assert found["cause"] == "no such endpoint"
    assert found["what"] == "the target has no endpoint [dens], did you mean [dense]?"


MAPPING = {
    "vector": {"type": "dense_vector", "dims": 64},
    "short": {"type": "dense_vector", "dims": 3},
    "bytes": {"type": "dense_vector", "dims": 64, "element_type": "byte"},
    "any": {"type": "dense_vector"},
    "tokens": {"type": "sparse_vector"},
    "meta": {"properties": {"deep": {"type": "dense_vector", "dims": 64}}},
}


@pytest.fixture
def indexed(run: Run) -> None:
    """Endpoints of the fake service, and indices that suit them more or less."""
    from headpond import connect

    for task_type in ("text_embedding", "sparse_embedding", "rerank"):
        made(run, task_type, task_type, {})
    with connect("embedded:.headpond") as client:
        for name, fields in {"all": list(MAPPING), "short": ["short"], "none": []}.items():
            client.indices.create(index=name, mappings={"properties": {field: MAPPING[field] for field in fields}})


@pytest.mark.parametrize(
    ("args", "ok", "says"),
    [
        (["text_embedding", "--index", "all"], True, "[all] can hold them in [any], [meta.deep], [vector]"),
        (["text_embedding", "--index", "all", "--field", "vector"], True, "[all] can hold them in [vector]"),
        (
            ["text_embedding", "--index", "all", "--field", "short"],
            False,
            "no field of [all] can hold them: [short] has 3 dimensions, the endpoint's vectors have 64",
        ),
        (
            ["text_embedding", "--index", "all", "--field", "bytes"],
            False,
            "no field of [all] can hold them: [bytes] holds byte, the endpoint's vectors are float",
        ),
        (["text_embedding", "--index", "short"], False, "no field of [short] can hold them: [short] has 3 dimensions"),
        (["text_embedding", "--index", "none"], False, "[none] has no field of type dense_vector"),
        (["text_embedding", "--index", "all", "--field", "x"], False, "[all] has no field [x] of type dense_vector"),
        (["text_embedding", "--index", "nope"], False, "[nope] cannot be looked at: no such index [nope] (404)"),
        (["sparse_embedding", "--index", "all"], True, "[all] can hold them in [tokens]"),
        (["sparse_embedding", "--index", "short"], False, "[short] has no field of type sparse_vector"),
        (["rerank", "--index", "all"], True, "rerank keeps nothing in an index"),
    ],
)
@pytest.mark.usefixtures("indexed")
def test_an_index_is_compared(run: Run, args: list[str], ok: bool, says: str) -> None:
    found = examined(run, *args)
    assert (found["check"], found["ok"]) == ("index", ok)
    assert found["what"].startswith(says)
    assert found.get("cause") == (None if ok else "does not fit the index")


def test_a_target_that_cannot_be_used_is_told_too(run: Run) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = examined(run, "dense", "--target", f"http://127.0.0.1:{bound.getsockname()[1]}")
    assert (found["check"], found["cause"]) == ("target", "unreachable")
    node = Node()
    with serving(node) as url:
        tls = examined(run, "dense", "--target", url.replace("http://", "https://"))
        assert examined(run, "dense", "--target", url)["cause"] == "no such endpoint"
    node.close()
    assert (tls["check"], tls["cause"]) == ("target", "TLS")


def test_a_wrong_time_is_wrong_usage(run: Run) -> None:
    done = run("doctor", "dense", "--timeout", "soon")
    assert (done.code, "soon" in done.err) == (1, True)
