"""The dead letters of a run that was killed: those that its state does not know of yet are taken back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import orjson

from headpond.errors import JobError


def take_back(path: Path, job: str, settled: int) -> None:
    """Removes the letters of records that will be read again, and a line that was cut off; keeps all else.

    Args:
        path: the file.
        job: the job's id.
        settled: how many records of the job are settled.

    Raises:
        JobError: the file cannot be written anew.
    """
    try:
        with (
            path.open("rb") as old,
            tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as new,
        ):
            try:
                new.writelines(line for line in old if not _again(line, job, settled))
                new.flush()
                os.fsync(new.fileno())
                os.replace(new.name, path)
            except BaseException:
                os.unlink(new.name)
                raise
    except OSError as error:
        raise JobError(f"the dead letters in {path} cannot be gone on with: {error.strerror}") from None


def _again(line: bytes, job: str, settled: int) -> bool:
    try:
        letter = orjson.loads(line)
    except orjson.JSONDecodeError:
        return not line.endswith(b"\n")
    return isinstance(letter, dict) and letter.get("job") == job and letter.get("number", -1) >= settled
