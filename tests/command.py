"""The command line, called in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from headpond.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


def caller(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `headpond ARGS...`, and says what came of it."""

    def call(*args: str) -> Outcome:
        try:
            code = main(list(args))
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
