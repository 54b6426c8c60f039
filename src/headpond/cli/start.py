"""Where the command begins: Ctrl-C ends it quietly, also while it is still being imported."""

from __future__ import annotations

import os
import signal

_INTERRUPTED = 130


def main() -> int:
    """Runs `headpond ...` and gives its exit code."""
    own = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not where a shell ignores it (`nohup`)
    if own:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from headpond.cli import app

    command = app.read()
    if own:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command if isinstance(command, int) else app.run(command)
