"""One running Elasticsearch node with folders of its own."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.real.distribution import DEFAULT_VERSION, find_jdk, prepare

START_SECONDS = 180.0
STOP_SECONDS = 30.0


class RealNode:
    """A single Elasticsearch node on a loopback port that the system chose.

    Args:
        version: exact version, as in `9.2.4`.
        settings: further lines of `elasticsearch.yml`.
        heap: Java heap, as in `512m`.

    Raises:
        UnavailableError: it cannot be started on this machine (no JDK, no Maven, no such artifact).
        RuntimeError: the server ended or did not answer; the message holds the end of its log.
    """

    def __init__(
        self, version: str = DEFAULT_VERSION, *, settings: Mapping[str, str] | None = None, heap: str = "512m"
    ) -> None:
        self.version = version
        home = prepare(version)
        self._folder = Path(tempfile.mkdtemp(prefix="headpond-real-es-"))
        self._log = self._folder / "out.log"
        self._write_config(home, settings or {}, heap)
        self._process = self._start(home)
        try:
            self.url = self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server and removes its data."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> RealNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write_config(self, home: Path, settings: Mapping[str, str], heap: str) -> None:
        config = self._folder / "config"
        shutil.copytree(home / "config", config)
        lines = {
            "cluster.name": "real",
            "node.name": "real-1",
            "network.host": "127.0.0.1",
            "http.port": "0",
            "transport.port": "0",
            "node.portsfile": "true",  # the server writes the ports it got to logs/http.ports
            "discovery.type": "single-node",
            "xpack.security.enabled": "false",
            "path.data": str(self._folder / "data"),
            "path.logs": str(self._folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **settings,
        }
        (config / "elasticsearch.yml").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
        options = config / "jvm.options.d"
        options.mkdir(exist_ok=True)
        (options / "heap.options").write_text(f"-Xms{heap}\n-Xmx{heap}\n")

    def _start(self, home: Path) -> subprocess.Popen[bytes]:
        temporary = self._folder / "tmp"
        temporary.mkdir()
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "ES_JAVA_HOME": str(find_jdk()),
            "ES_PATH_CONF": str(self._folder / "config"),
            "ES_TMPDIR": str(temporary),
        }
        user = self._unprivileged()
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [home / "bin" / "elasticsearch"],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user and pwd.getpwuid(user).pw_gid,
                extra_groups=None if user is None else [],
                preexec_fn=_end_with_parent,
            )

    def _unprivileged(self) -> int | None:
        """The user to run as, who then owns the folder; None unless this process is root, which the server refuses."""
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        for path in [self._folder, *self._folder.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        return nobody.pw_uid

    def _wait(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        ports = self._folder / "logs" / "http.ports"
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(
                    f"Elasticsearch {self.version} ended with {self._process.returncode}:\n{self._tail()}"
                )
            if ports.is_file() and (address := ports.read_text().split()):
                url = f"http://{next(one for one in address if one.startswith('127.0.0.1'))}"
                if _answers(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s"):
                    return url
            time.sleep(0.1)
        raise RuntimeError(f"Elasticsearch {self.version} did not answer in {START_SECONDS:.0f} s:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end_with_parent() -> None:
    """Asks Linux to end the server when the process that started it is gone, however that ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG
