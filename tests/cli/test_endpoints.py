"""`headpond endpoints`: made, listed, shown, tried, changed, removed."""

import io
import json
from pathlib import Path

import pytest

from headpond.node import Node
from headpond.node.serve import serving
from tests.command import Outcome, Run
from tests.services.provider import Provider, Reply

FAKE = "{service: fake, service_settings: {}}"
SECRET = "sk-hunter2-of-the-command-line"


def put(run: Run, name: str, task_type: str, body: str = FAKE, *more: str) -> Outcome:
    Path(f"{name}.yaml").write_text(body)
    return run("endpoints", "put", name, "--task-type", task_type, "--file", f"{name}.yaml", *more)


def openai(provider: Provider, path: str = "/v1/embeddings") -> str:
    settings = {"api_key": "${OPENAI_API_KEY}", "model_id": "m-1", "url": provider.url + path}
    return json.dumps({"service": "openai", "service_settings": settings})


def test_an_endpoint_is_made_of_a_file_with_references(
    run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    done = put(run, "dense", "text_embedding", openai(provider))
    assert (done.code, done.out) == (0, "endpoint dense is made: text_embedding, openai, m-1, 3 dimensions\n")
    assert provider.asked[-1].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in run("endpoints", "show", "dense").out + run("endpoints", "list", "--json").out


def test_the_body_may_come_on_stdin_with_the_task_type_in_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"task_type": "rerank", "service": "fake", "service_settings": {}}'))
    assert run("endpoints", "put", "ranker").out == "endpoint ranker is made: rerank, fake\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[]", "x.yaml:1: an endpoint is described by an object with keys such as `service`"),
        ("service: [", "x.yaml:1: is not YAML"),
        (
            "service: openai\nservice_settings:\n  api_key: ${NOT_SET}\n",
            "x.yaml:3: the environment variable NOT_SET is not set",
        ),
        ("{service: fakke, service_settings: {}}", "endpoint [x] was not made: Unknown service [fakke] (400)"),
        ("{service: fake, service_settings: {dimensions: 0}}", "[dimensions] must be a"),
        ("{service: fake, service_settings: {}, foo: 1}", "{foo=1}"),
    ],
)
def test_a_wrong_body_is_refused_with_its_place(run: Run, body: str, message: str) -> None:
    done = put(run, "x", "rerank" if "dimensions" not in body else "text_embedding", body)
    assert done.code == 1
    assert message in done.err
    assert '"x"' not in run("endpoints", "list", "--json").out


def test_a_task_type_there_must_be(run: Run) -> None:
    Path("x.yaml").write_text(FAKE)
    done = run("endpoints", "put", "x", "--file", "x.yaml")
    assert (done.code, "--task-type" in done.err) == (1, True)
    wrong = run("endpoints", "put", "x", "--task-type", "rerankk")
    assert wrong.code == 2
    assert "rerankk" in wrong.err


def test_a_key_that_a_provider_quotes_is_not_shown(
    run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    provider.always = lambda asked: Reply(401, {"error": {"message": f"bad key {asked.headers['authorization']}"}})
    done = put(run, "dense", "text_embedding", openai(provider))
    assert done.code == 1
    assert "authentication error" in done.err
    assert SECRET not in done.err + done.out


def test_endpoints_are_listed_as_a_table_and_as_json(run: Run) -> None:
    put(run, "dense", "text_embedding", "{service: fake, service_settings: {dimensions: 7, model_id: m}}")
    put(run, "ranker", "rerank")
    lines = run("endpoints", "list").out.splitlines()
    assert lines[0].split() == ["id", "task", "service", "model", "dims"]
    assert ["dense", "text_embedding", "fake", "m", "7"] in [line.split() for line in lines]
    assert ["ranker", "rerank", "fake"] in [line.split() for line in lines]
    listed = json.loads(run("endpoints", "list", "--task-type", "rerank", "--json").out)
    assert [shown["inference_id"] for shown in listed] == [".rerank-v1-elasticsearch", "ranker"]


def test_an_endpoint_is_shown_as_get_shows_it(run: Run) -> None:
    put(run, "ranker", "rerank", "{service: fake, service_settings: {}, task_settings: {top_n: 3}}")
    shown = json.loads(run("endpoints", "show", "ranker").out)
    assert shown["task_settings"] == {"top_n": 3}
    missing = run("endpoints", "show", "rankr")
    assert missing.code == 1
    assert "no endpoint [rankr], did you mean [ranker]?" in missing.err


def test_an_endpoint_is_changed(run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "old")
    put(run, "dense", "text_embedding", openai(provider))
    monkeypatch.setenv("NEW_KEY", SECRET)
    Path("new.yaml").write_text("service_settings: {api_key: '${NEW_KEY}'}")
    done = run("endpoints", "update", "dense", "--file", "new.yaml")
    assert done.out == "endpoint dense is changed: text_embedding, openai, m-1, 3 dimensions\n"
    assert provider.asked[-1].headers["authorization"] == f"Bearer {SECRET}"
    assert run("endpoints", "update", "nope", "--file", "new.yaml").code == 1


def test_an_endpoint_is_removed_and_named(run: Run) -> None:
    put(run, "ranker", "rerank")
    assert run("endpoints", "delete", "ranker").out == "endpoint ranker is gone, and its secrets with it\n"
    assert run("endpoints", "delete", "ranker").code == 1
    assert "built in" in run("endpoints", "delete", ".rerank-v1-elasticsearch", "--force").out


def test_vectors_are_tried(run: Run) -> None:
    put(run, "dense", "text_embedding", "{service: fake, service_settings: {dimensions: 8}}")
    done = run("endpoints", "try", "dense", "a mill", "water drives a mill")
    lines = done.out.splitlines()
    assert lines[0].split() == ["text", "dims", "norm", "vector"]
    assert lines[1].startswith("a mill ")
    assert all("8     1.0000  [" in line and ", ...]" in line for line in lines[1:])
    assert len(json.loads(run("endpoints", "try", "dense", "a", "--json").out)["text_embedding"][0]["embedding"]) == 8


def test_sparse_vectors_are_tried(run: Run) -> None:
    put(run, "sparse", "sparse_embedding")
    done = run("endpoints", "try", "sparse", "a mill")
    assert done.out.splitlines()[1].split() == ["a", "mill", "2", "mill", "0.5,", "a", "0.125"]
    long = run("endpoints", "try", "sparse", " ".join(f"word{number}" for number in range(20))).out
    assert "and 8 more" in " ".join(long.split())


def test_a_ranking_is_tried(run: Run) -> None:
    put(run, "ranker", "rerank")
    done = run("endpoints", "try", "ranker", "a cat", "water drives a mill", "--query", "a mill")
    rows = [line.split(None, 2) for line in done.out.splitlines()]
    assert [row[0] for row in rows] == ["rank", "1", "2"]
    assert [row[2].strip() for row in rows[1:]] == ["water drives a mill", "a cat"]
    asked = run("endpoints", "try", "ranker", "a")
    assert (asked.code, "--query Q" in asked.err) == (1, True)


@pytest.mark.parametrize("task_type", ["completion", "chat_completion"])
def test_a_completion_is_printed_as_it_comes(
    run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch, task_type: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    put(run, "talk", task_type, openai(provider, "/v1/chat/completions"))
    printed: list[str] = []
    monkeypatch.setattr("headpond.cli.answers.tell", printed.append)
    assert run("endpoints", "try", "talk", "one two three").code == 0
    assert printed == ["one", " two", " three"]
    several = run("endpoints", "try", "talk", "one", "two")
    assert (several.code, "one question at a time" in several.err) == (1, True)
    answer = json.loads(run("endpoints", "try", "talk", "one two", "--json").out)
    assert answer == {"completion": [{"result": "one two"}]}


def test_a_stream_that_breaks_shows_what_came_and_the_reason(run: Run) -> None:
    put(run, "talk", "completion", "{service: fake, service_settings: {truncated: true}}")
    done = run("endpoints", "try", "talk", "one two three four")
    assert done.code == 1
    assert done.out == "one two\n"
    assert "error: Failed to send request" in done.err


def test_an_answer_that_does_not_come_leads_to_the_doctor(run: Run) -> None:
    put(run, "dense", "text_embedding", "{service: fake, service_settings: {status: 401}}")
    done = run("endpoints", "try", "dense", "a")
    assert done.code == 1
    assert "[dense] does not answer: Received an authentication error" in done.err
    assert "headpond doctor dense says what to do" in done.err


def test_it_works_on_a_target_behind_a_url(run: Run) -> None:
    node = Node()
    with serving(node) as url:
        assert put(run, "talk", "completion", FAKE, "--target", url).code == 0
        assert run("endpoints", "try", "talk", "one two", "--target", url).out == "one two\n"
        assert '"talk"' in run("endpoints", "list", "--json", "--target", url).out
    node.close()


@pytest.mark.parametrize("timeout", ["soon", "5", "1.5s"])
def test_a_timeout_is_a_time(run: Run, timeout: str) -> None:
    put(run, "dense", "text_embedding")
    done = run("endpoints", "try", "dense", "a", "--timeout", timeout)
    assert (done.code, timeout in done.err) == (1, True)
