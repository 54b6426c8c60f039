import asyncio
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from elasticsearch import NotFoundError

import headpond
from headpond.connect import connect, connect_async
from headpond.errors import InputError, TargetError
from headpond.node import Node
from headpond.node.serve import serving


@contextmanager
def answering(status: int, body: dict[str, object], headers: dict[str, str]) -> Iterator[str]:
    """A server on a free port that gives every request the same answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_pond_in_memory_answers_through_the_official_client() -> None:
    with connect("memory") as es:
        assert es.info()["version"]["build_flavor"] == "headpond"


def test_a_pond_in_a_folder_keeps_what_was_written(tmp_path) -> None:
    target = f"embedded:{tmp_path / 'pond'}"
    with connect(target) as es:
        es.index(index="a", id="1", document={"t": "kept"})
    with connect(target) as es:
        assert es.get(index="a", id="1")["_source"] == {"t": "kept"}


def test_the_target_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADPOND_TARGET", "memory")
    with connect() as es:
        assert es.ping()


@pytest.mark.parametrize("target", ["elasticsearch", "embeded:x", "ftp://127.0.0.1", "localhost:9200"])
def test_a_target_of_no_known_form_is_refused_with_the_valid_forms(target: str) -> None:
    with pytest.raises(InputError, match=r"is not a target(.|\n)*memory, embedded"):
        connect(target)


@pytest.mark.parametrize("target", ["htps://elastic:pa/s@ss@es.example.org", "elastic:pa/s@ss@es.example.org"])
def test_a_mistyped_url_is_shown_without_its_password(target: str) -> None:
    with pytest.raises(InputError, match=r"\.\.\.@es\.example\.org' is not a target") as refused:
        connect(target)
    assert "ss@" not in str(refused.value)


def test_inference_beside_is_for_clusters_only() -> None:
    with pytest.raises(InputError, match="answers _inference itself"):
        connect("memory", inference="embedded")


def test_an_address_where_nobody_answers_says_what_to_start() -> None:
    with pytest.raises(TargetError, match=r"nobody answers at http://127.0.0.1:1(.|\n)*headpond serve"):
        connect("http://127.0.0.1:1")


def test_credentials_in_a_url_reach_no_message() -> None:
    with pytest.raises(TargetError) as caught:
        connect("http://me:secret-word@127.0.0.1:1")
    assert "secret-word" not in str(caught.value)


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="port"):
        connect("http://127.0.0.1:92x0")


def test_another_product_is_recognised() -> None:
    with answering(200, {"hello": "world"}, {}) as url, pytest.raises(TargetError, match="is not an Elasticsearch"):
        connect(url)


@pytest.mark.parametrize("version", ["8.19.2", "10.0.0"])
def test_another_version_is_refused(version: str) -> None:
    body: dict[str, object] = {"version": {"number": version}}
    answer = answering(200, body, {"x-elastic-product": "Elasticsearch"})
    with answer as url, pytest.raises(TargetError, match=f"runs Elasticsearch {version}"):
        connect(url)


def test_refused_credentials_say_how_to_give_them() -> None:
    body: dict[str, object] = {"error": {"type": "security_exception", "reason": "no"}, "status": 401}
    with answering(401, body, {}) as url, pytest.raises(TargetError, match="HEADPOND_API_KEY"):
        connect(url)


@pytest.fixture
def cluster() -> Iterator[str]:
    """A served pond in the place of a cluster."""
    node = Node(None)
    with serving(node) as url:
        yield url
    node.close()


FAKE = {"service": "fake", "service_settings": {}}


def test_a_pond_beside_a_cluster_answers_inference_alone(cluster: str) -> None:
    with connect(cluster, inference="embedded") as es, connect(cluster) as alone:
        es.inference.put(inference_id="mine", task_type="sparse_embedding", inference_config=FAKE)
        assert es.inference.sparse_embedding(inference_id="mine", input="a mill")["sparse_embedding"]
        with pytest.raises(NotFoundError):
            alone.inference.get(inference_id="mine")
        es.index(index="things", id="1", document={"a": 1})
        assert alone.exists(index="things", id="1")


def test_a_pond_beside_a_cluster_answers_the_async_client_too(cluster: str) -> None:
    async def work() -> None:
        async with connect_async(cluster, inference="embedded") as es:
            await es.inference.put(inference_id="mine", task_type="sparse_embedding", inference_config=FAKE)
            answer = await es.inference.sparse_embedding(inference_id="mine", input="a mill")
            assert answer["sparse_embedding"]
            await es.index(index="things", id="1", document={"a": 1})

    asyncio.run(work())
    with connect(cluster) as alone:
        assert alone.exists(index="things", id="1")
        with pytest.raises(NotFoundError):
            alone.inference.get(inference_id="mine")


def test_the_public_names_are_few_and_all_there() -> None:
    assert len(headpond.__all__) <= 25
    assert all(getattr(headpond, name) for name in headpond.__all__)
