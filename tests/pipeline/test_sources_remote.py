"""Files elsewhere as sources: fsspec's memory, and web servers of several kinds on this machine."""

from __future__ import annotations

import gzip
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any, ClassVar

import fsspec
import orjson
import pytest
from backports import zstd

from headpond.errors import InputError, MissingExtraError
from headpond.pipeline.sources import open_source, open_sources
from headpond.pipeline.sources.base import Item
from headpond.pipeline.sources.remote import remote_files
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS

LINES = b"".join(b'{"n": %d}\n' % n for n in range(5000))


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


class Web(BaseHTTPRequestHandler):
    """Serves bytes by path, with ranges where the path does not say otherwise."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        content = self.files.get(path)
        if content is None:
            self.send_error(404)
            return
        ranges = "plain" not in path
        start, end = 0, len(content)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", "")) if ranges else None
        if found:
            start, end = int(found[1]), min(end, int(found[2]) + 1 if found[2] else end)
        self.asked.append(f"{self.command} {path} {start}")
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", '"v1"')
        self.send_header("Accept-Ranges", "bytes" if ranges else "none")
        if found:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.end_headers()
        if body:
            piece = content[start:end]
            cut = len(piece) // 2 if "broken" in path else len(piece)
            self.wfile.write(piece[:cut])
            if "broken" in path:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def web(files: dict[str, bytes]) -> Iterator[str]:
    handler = type("Handler", (Web,), {"files": files, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def numbers(items: Any) -> list[int]:
    return [item.document["n"] for item in items]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
def test_a_file_elsewhere_is_read_like_one_here(memory: Any, compress: Any) -> None:
    ending = {bytes: "", gzip.compress: ".gz", zstd.compress: ".zst"}[compress]
    memory.pipe(f"/data/a.jsonl{ending}", compress(LINES))
    source = open_source(f"memory://data/a.jsonl{ending}")
    assert source.name == f"memory://data/a.jsonl{ending}"
    items = list(source.items())
    assert numbers(items) == list(range(5000))
    rest = open_source(source.name).items_after(items[2999].line, items[2999].position)
    assert numbers(rest) == list(range(3000, 5000))


def test_a_pattern_elsewhere_stands_for_its_files(memory: Any, build: Build) -> None:
    for record in RECORDS:
        memory.pipe(f"/data/{record['_id']}.jsonl", orjson.dumps(record))
    report = build().ingest("memory://data/*.jsonl", settings=SETTINGS)
    assert (report.read, report.indexed) == (3, 3)
    assert [source.name for source in open_sources(["memory://data/*.jsonl"])] == [
        "memory:///data/cat.jsonl",
        "memory:///data/dam.jsonl",
        "memory:///data/mill.jsonl",
    ]


def test_readers_of_one_file_do_not_disturb_each_other(memory: Any) -> None:
    """fsspec's memory gives the same file to all, and a reader that is thrown away puts its position back."""
    memory.pipe("/data/a.jsonl", LINES)
    (file,) = remote_files("memory://data/a.jsonl")
    with file.open() as first, file.open() as second:
        assert [first.readline() for _ in range(3)] == [b'{"n": 0}\n', b'{"n": 1}\n', b'{"n": 2}\n']
        assert second.read() == LINES
        begun = file.open()
        begun.readline()
        del begun
        assert first.read() == LINES[27:]


def test_a_file_elsewhere_is_known_by_its_content(memory: Any) -> None:
    memory.pipe("/data/a.jsonl", LINES)
    identity = open_source("memory://data/a.jsonl").identity()
    assert identity is not None
    memory.pipe("/data/a.jsonl", LINES.replace(b"4999", b"5999"))
    assert open_source("memory://data/a.jsonl").identity() != identity


@pytest.mark.parametrize("path", ["/ranges/a.jsonl.gz", "/plain/a.jsonl.gz", "/ranges/a.jsonl", "/plain/a.jsonl"])
def test_a_file_of_the_web_is_read(path: str) -> None:
    content = gzip.compress(LINES) if path.endswith(".gz") else LINES
    with web({path: content}) as url:
        source = open_source(f"{url}{path}?signature=hidden")
        assert source.name == f"{url}{path}"
        items = list(source.items())
        assert numbers(items) == list(range(5000))
        assert source.identity() is not None
        assert "hidden" not in orjson.dumps(source.identity()).decode()
        rest = open_source(f"{url}{path}").items_after(items[4989].line, items[4989].position)
        assert numbers(rest) == list(range(4990, 5000))


def test_parquet_of_the_web_needs_ranges(memory: Any) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table({"n": [1, 2]}), "a.parquet")
    with open("a.parquet", "rb") as file:
        content = file.read()
    with web({"/ranges/a.parquet": content, "/plain/a.parquet": content}) as url:
        assert numbers(open_source(f"{url}/ranges/a.parquet").items()) == [1, 2]
        with pytest.raises(InputError, match="which this source cannot jump to"):
            list(open_source(f"{url}/plain/a.parquet").items())


def test_a_server_that_goes_away_midway_says_where() -> None:
    given: list[Item] = []
    content = b"".join(b'{"n": %d}\n' % n for n in range(400_000))
    broken = pytest.raises(InputError, match=r"broken\.jsonl:\d+: cannot be read on: ")
    with web({"/plain/broken.jsonl": content}) as url, broken:
        given.extend(open_source(f"{url}/plain/broken.jsonl?token=hidden").items())
    assert given
    assert numbers(given) == list(range(len(given)))


def test_what_is_not_there_is_said(memory: Any) -> None:
    with web({}) as url:
        with pytest.raises(InputError, match=r"nope\.jsonl: there is no such file") as caught:
            open_source(f"{url}/nope.jsonl?token=hidden")
        assert "hidden" not in str(caught.value)
    with pytest.raises(InputError, match=r"memory://data/nope\.jsonl: there is no such file"):
        open_source("memory://data/nope.jsonl")
    with pytest.raises(InputError, match="no file matches"):
        open_source("memory://data/*.jsonl")
    memory.pipe("/data/a.txt", b"")
    with pytest.raises(InputError, match=r"\.txt is not a format"):
        open_source("memory://data/a.txt")
    with pytest.raises(InputError, match=r"^memory://data: is a folder, not a file"):
        open_source("memory://data")
    with pytest.raises(InputError, match=r"127\.0\.0\.1:1/a\.jsonl: cannot be read: Cannot connect") as caught:
        open_source("http://me:hidden@127.0.0.1:1/a.jsonl?token=hidden")
    assert "hidden" not in str(caught.value)
    with pytest.raises(InputError, match=r"nothing://a\.jsonl: is not something that can be read: Protocol not known"):
        open_source("nothing://me:hidden@a.jsonl")


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed here")
def test_the_package_of_a_file_system_is_named() -> None:
    with pytest.raises(InputError, match=r"s3://bucket/a\.jsonl: cannot be read: .*s3fs"):
        open_source("s3://bucket/a.jsonl")


def test_files_of_the_web_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'headpond\[remote\]'"):
        open_source("https://example.org/a.jsonl")
