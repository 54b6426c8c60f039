"""Files from a folder of this machine: a shared drive, a memory stick, a mirror."""

from __future__ import annotations

import shutil
from pathlib import Path

from headpond.errors import ModelError
from headpond.models.card import Card


def fetch(folder: Path, card: Card, into: Path) -> None:
    """Copies the card's files out of `folder/<model>`, or out of `folder` itself.

    Raises:
        ModelError: the folder does not hold them all.
    """
    for candidate in (folder / card.name, folder):
        if all((candidate / name).is_file() for name in card.files):
            for name in card.files:
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                try:
                    shutil.copyfile(candidate / name, into / name)
                except PermissionError as error:
                    raise ModelError(f"{candidate / name} cannot be read: {error.strerror}") from error
            return
    raise ModelError(f"neither {folder / card.name} nor {folder} holds {', '.join(card.files)}")
