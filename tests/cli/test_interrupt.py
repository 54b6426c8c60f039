"""Ctrl-C at any moment: exit code 130, one line at most, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

STUCK = """
import sys, threading
print("stuck", flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize(("module", "said"), [("argparse", ""), ("pydantic", "interrupted")])
def test_an_interrupt_during_imports_is_quiet(tmp_path: Path, module: str, said: str) -> None:
    # The module of this name is found first, and its import does not end.
    (tmp_path / f"{module}.py").write_text(STUCK)
    command = [sys.executable, "-m", "headpond", "search", "quickstart", "x", "--target", "memory"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stuck\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors.strip()) == (130, said)
