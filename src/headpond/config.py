"""Where headpond keeps things, and what the environment may say."""

from __future__ import annotations

import os
from pathlib import Path

from headpond.errors import InputError

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


def cache_max_bytes() -> int:
    """How large the file of computed embeddings may get: `HEADPOND_CACHE_MAX_MB`, else 8,192 MiB.

    Raises:
        InputError: that is no whole number.
    """
    number = _number("HEADPOND_CACHE_MAX_MB")
    return (8192 if number is None else number) * 2**20


def cache_days() -> int | None:
    """After how many days without use a computed embedding is forgotten: `HEADPOND_CACHE_DAYS`; None for never.

    Raises:
        InputError: that is no whole number.
    """
    return _number("HEADPOND_CACHE_DAYS")


def _number(variable: str) -> int | None:
    text = os.environ.get(variable)
    if not text:
        return None
    if not text.isdecimal():
        raise InputError(f"{variable} is a whole number, not {text!r}")
    return int(text)
