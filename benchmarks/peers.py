"""Other projects' packages, in an environment of their own beside the system's temporary files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path


def python(*packages: str) -> Path:
    """The interpreter of an environment that has these packages; made when it is first asked for."""
    folder = Path(tempfile.gettempdir()) / "headpond-benchmark-peers"
    found = folder / "bin" / "python"
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([found, "-m", "pip", "install", "--quiet", *packages], check=True)
    return found


def versions(interpreter: Path, *packages: str) -> dict[str, str]:
    """What is installed there."""
    script = "import sys; from importlib.metadata import version\nfor one in sys.argv[1:]: print(one, version(one))"
    done = subprocess.run([interpreter, "-c", script, *packages], check=True, capture_output=True, text=True)
    return dict(line.split() for line in done.stdout.splitlines())  # type: ignore[misc]
