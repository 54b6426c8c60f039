"""One process at a time owns a pond's folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from headpond.errors import TargetError


class FolderLock:
    """An exclusive lock on a folder, held until `release` or the end of the process, also when it is killed.

    Args:
        folder: an existing folder; the lock is the file `node.lock` in it, which holds the owner's process id.

    Raises:
        TargetError: another process, or another pond of this process, has the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "node.lock"
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError:
            owner = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            who = "this process" if owner == str(os.getpid()) else f"process {owner or 'unknown'}"
            raise TargetError(
                f"the pond in {folder} is already open in {who}",
                hint=f"close it there first (pid {owner or 'unknown'}), or choose another folder: embedded:PATH",
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Gives the folder free; calling it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        """Locks one byte far behind the text, so that others can still read the owner's id."""
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
