"""Commands that stand in for `docker` on the PATH."""

from __future__ import annotations

from pathlib import Path

import pytest


def put_docker(folder: Path, patch: pytest.MonkeyPatch, script: str) -> None:
    """Makes `docker` a shell script for this test."""
    folder.mkdir(exist_ok=True)
    command = folder / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    patch.setenv("PATH", f"{folder}:/usr/bin:/bin")
