"""The parity suite on a node that runs now: it finds recordings that have grown stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.node import RealNode

REPOSITORY = Path(__file__).parents[2]


def run_parity(target: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "tests/parity", "-q", "-p", "no:cacheprovider", f"--es={target}"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.real
@pytest.mark.timeout(900)
def test_the_parity_suite_holds_on_a_real_node(real_node: RealNode):
    done = run_parity(real_node.url)
    print(done.stdout[-300:])
    assert done.returncode == 0, done.stdout[-20000:]


@pytest.mark.timeout(900)
def test_the_parity_suite_holds_on_the_served_pond():
    done = run_parity("http")
    print(done.stdout[-300:])
    assert done.returncode == 0, done.stdout[-20000:]
