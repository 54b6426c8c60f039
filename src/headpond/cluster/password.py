"""The password of the development cluster's user `elastic`: generated once, kept in a file of its own."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from headpond import config
from headpond.errors import TargetError

VARIABLE = "ELASTIC_PASSWORD"


def file() -> Path:
    """Where a generated password is kept, readable by its owner alone."""
    return config.home() / "cluster" / "password"


def kept_in() -> Path | None:
    """The file that holds the password in use; None when the environment gives it, or there is none yet."""
    return file() if not os.environ.get(VARIABLE) and file().exists() else None


def read() -> str | None:
    """The password: `ELASTIC_PASSWORD`, else the kept one, else None.

    Raises:
        TargetError: there is a file that cannot be read.
    """
    if given := os.environ.get(VARIABLE):
        return given
    try:
        return file().read_text().strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TargetError(
            f"the cluster's password cannot be read from {file()}: {error.strerror}", hint=f"set {VARIABLE}"
        ) from error


def read_or_make() -> str:
    """The password, generated and kept when there is none.

    Raises:
        TargetError: the file cannot be written.
    """
    if known := read():
        return known
    made = secrets.token_urlsafe(24)
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Created with its mode, so that there is no moment in which others may read it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as kept:
            kept.write(f"{made}\n")
        path.chmod(0o600)
    except OSError as error:
        raise TargetError(
            f"the cluster's password cannot be kept in {path}: {error.strerror}",
            hint=f"set {VARIABLE}, or HEADPOND_HOME to a folder that can be written",
        ) from error
    return made


def forget() -> None:
    """Removes the kept password; it is of no use once the data it belongs to is gone."""
    file().unlink(missing_ok=True)
