"""Running a download tool of the user's machine, with a deadline, watching what it writes."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from headpond.errors import ModelError

DEADLINE_SECONDS = 900.0
POLL_SECONDS = 0.2


def run(
    command: Sequence[str],
    scratch: Path,
    arrived: Callable[[int], None],
    *,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Runs a command to its end.

    Args:
        command: program and arguments; no shell is involved.
        scratch: working folder of the command; its size is what `arrived` is told.
        arrived: called with the bytes in `scratch` a few times a second.
        environment: variables that differ from this process's.

    Returns:
        Exit code and what was printed, both streams together, addresses taken out.

    Raises:
        ModelError: the command cannot be started or did not end in time.
    """
    log = scratch / "log"
    started = time.monotonic()
    with log.open("wb") as sink:
        try:
            process = subprocess.Popen(
                list(command),
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        except OSError as error:
            raise ModelError(f"{command[0]} cannot be started: {error}") from error
        try:
            while (code := _wait(process)) is None:
                arrived(_size(scratch))
                if time.monotonic() - started > DEADLINE_SECONDS:
                    raise ModelError(f"not finished after {DEADLINE_SECONDS:.0f} s")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return code, without_addresses(log.read_text("utf-8", "replace"))


def last_error(printed: str) -> str:
    """The line that says most about a failure."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "[error]"))]
    return (errors or lines or ["no message"])[0 if errors else -1][:300]


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def without_addresses(text: str) -> str:
    """The text with every URL taken out: that of a private index may carry credentials."""
    return re.sub(r"\w+://\S+", "(address)", text)


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:  # moved away meanwhile
                continue
    return total
