"""The content-addressed part of the store: files by the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from headpond.errors import ModelError
from headpond.models.card import FileInfo


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(path: Path) -> FileInfo:
    """Hash and size of a file."""
    return FileInfo(sha256=sha256_of(path), size=path.stat().st_size)


def check(path: Path, expected: FileInfo, *, origin: str) -> None:
    """Compares a file with what its card says.

    Raises:
        ModelError: another size or hash; names the file, both hashes and where it came from.
    """
    actual = sha256_of(path)
    if actual != expected.sha256:
        raise ModelError(
            f"{path.name} from {origin} has SHA-256 {actual}, expected is {expected.sha256}: refused",
            hint="the source holds other bytes than those this version of headpond was made with; do not use it",
        )


def keep(path: Path, info: FileInfo, blobs: Path) -> Path:
    """Moves a checked file into the folder of blobs and returns its place there."""
    blobs.mkdir(parents=True, exist_ok=True)
    place = blobs / info.sha256
    os.replace(path, place)
    return place


def link(blob: Path, place: Path, *, moves_to: Path) -> None:
    """Makes `place` show the bytes of `blob`: a relative link, or a copy where links are not allowed.

    Args:
        blob: the bytes.
        place: the link to make.
        moves_to: where the link will stand when it is followed.
    """
    try:
        place.symlink_to(os.path.relpath(blob, moves_to.parent))
    except OSError:
        shutil.copyfile(blob, place)
