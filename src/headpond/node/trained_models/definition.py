"""Definitions of models on disk: the parts of an upload, and the file they become."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from headpond.errors import RestError

FILE_NAME = "definition.pt"
BLOCK = 1024 * 1024


class DefinitionFiles:
    """One folder for each model, below the pond's; a temporary one when the pond is in memory.

    Every file is written beside its place, synced, and moved there: what is there is whole.

    Args:
        pond: the pond's folder; None keeps everything in a temporary folder that `close` removes.
    """

    def __init__(self, pond: Path | None) -> None:
        self._kept = pond / "trained_models" if pond else None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    @property
    def _root(self) -> Path:
        if self._kept is not None:
            return self._kept
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="headpond-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)

    def write_part(self, key: str, number: int, content: bytes) -> None:
        """Keeps one part.

        Raises:
            RestError: 507, the disk is full.
        """
        self._write(self._part(key, number), [content])

    def join(self, key: str, parts: Iterable[int]) -> str:
        """Makes the definition of its parts and returns its SHA-256; the parts stay until `drop_parts`.

        Raises:
            RestError: 507, the disk is full.
        """
        digest = hashlib.sha256()

        def blocks() -> Iterable[bytes]:
            for number in parts:
                with self._part(key, number).open("rb") as file:
                    while block := file.read(BLOCK):
                        digest.update(block)
                        yield block

        self._write(self.path(key), blocks())
        return digest.hexdigest()

    def drop_parts(self, key: str) -> None:
        """Removes the parts of a model."""
        for path in self._folder(key).glob("*.part"):
            path.unlink(missing_ok=True)

    def path(self, key: str) -> Path:
        """Where a model's whole definition is, or will be."""
        return self._folder(key) / FILE_NAME

    def remove(self, key: str) -> None:
        """Removes everything of a model."""
        shutil.rmtree(self._folder(key), ignore_errors=True)

    def sweep(self, keys: set[str]) -> None:
        """Removes what belongs to no model, such as what a crash left."""
        if self._kept is not None and self._kept.is_dir():
            for folder in self._kept.iterdir():
                if folder.name not in keys:
                    shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Removes the temporary folder, if there is one."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _folder(self, key: str) -> Path:
        return self._root / key

    def _part(self, key: str, number: int) -> Path:
        return self._folder(key) / f"{number}.part"

    def _write(self, path: Path, blocks: Iterable[bytes]) -> None:
        partial = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                for block in blocks:
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                reason = f"nothing of this request was written: {error.strerror} ({self._root}); free some space"
                raise RestError(507, "insufficient_storage_exception", f"{reason} and send it again") from error
            raise


def _sync_folder(folder: Path) -> None:
    """Makes a rename durable; where folders cannot be opened (Windows) it is so without."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
