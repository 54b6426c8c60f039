"""Where headpond keeps things, and what the environment may say."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_TARGET = "embedded:.headpond"


def home() -> Path:
    """The folder of caches (model weights): `HEADPOND_HOME`, else `headpond` in `XDG_CACHE_HOME` or `~/.cache`."""
    if explicit := os.environ.get("HEADPOND_HOME"):
        return Path(explicit).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "headpond"


def password() -> str | None:
    """The password that a pond's user `elastic` gets at first: `HEADPOND_PASSWORD`."""
    return os.environ.get("HEADPOND_PASSWORD") or None


def target() -> str:
    """The target used when none is given: `HEADPOND_TARGET`, else `embedded:.headpond`."""
    return os.environ.get("HEADPOND_TARGET") or DEFAULT_TARGET
