"""A pond in a process of its own, which can be killed and comes back at the same address."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self


class ServedPond:
    """`headpond serve` on a port that the system chose.

    Args:
        folder: for its log, and for its data when it keeps any.
        kept: whether its data outlives it.
        command: what serves it instead; its address comes from standard error.
    """

    def __init__(self, folder: Path, *, kept: bool = False, command: list[str] | None = None) -> None:
        self._log = folder / "served.log"
        self._target = f"embedded:{folder / 'pond'}" if kept else "memory"
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.url = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "headpond", "serve", "--target", self._target, "--port", str(self._port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command or command, stdout=subprocess.DEVNULL, stderr=log)
        while not (found := re.search(r"http://[\w.]+:(\d+)", self._log.read_text())):
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}:\n{self._log.read_text()}")
            time.sleep(0.05)
        self.url, self._port = found[0], int(found[1])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
