"""The models on this machine.

Below `headpond.config.home() / "models"`:

    blobs/<sha256>          every file once, by its hash
    by-name/<name>/         a model: card.json, links to its files, graphs built from them
    partial/                downloads under way; nothing there is ever read as a model

A model becomes visible by one rename, after all its hashes matched.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headpond import config
from headpond.errors import ModelError, UnknownNameError
from headpond.models import blobs, catalog
from headpond.models.card import Card
from headpond.models.extra import need


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that is on this machine, known by name, or both.

    Attributes:
        card: what it is.
        present: whether its files are here.
        shipped: whether headpond knows it by itself; the others were added by the user.
        path: its folder; None when it is not here.
    """

    card: Card
    present: bool
    shipped: bool
    path: Path | None


def root() -> Path:
    """The folder of all models."""
    return config.home() / "models"


def listing() -> list[Entry]:
    """Every model known by name or present, sorted by name."""
    here = {folder.name: card_of(folder) for folder in _folders()}
    everything = catalog.cards() | here
    return [
        Entry(card, name in here, name in catalog.cards(), _place(name) if name in here else None)
        for name, card in sorted(everything.items())
    ]


def present(name: str) -> bool:
    """Whether the model's files are here."""
    return (_place(name) / "card.json").is_file()


def path(name: str) -> Path:
    """The folder of a model that is here.

    Raises:
        UnknownNameError: no model has this name.
        ModelError: it has to be fetched first; the hint is the command.
    """
    if present(name):
        return _place(name)
    if name not in catalog.cards():
        raise UnknownNameError("model", name, {entry.card.name for entry in listing()})
    card = catalog.get(name)
    raise ModelError(
        f"the model {name} is not on this machine ({card.size / 1e6:.0f} MB)", hint=f"headpond models pull {name}"
    )


def card_of(folder: Path) -> Card:
    """The card in a model's folder.

    Raises:
        ModelError: the folder is no model of the store.
    """
    try:
        return Card.model_validate_json((folder / "card.json").read_bytes())
    except OSError as error:
        raise _no_model(folder, error.strerror or str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = f"its card.json has a wrong {where!r}" if where else "its card.json is no card of this version"
        raise _no_model(folder, problem) from error


def _no_model(folder: Path, reason: str) -> ModelError:
    hint = f"headpond models remove {folder.name}, then pull or add it again"
    return ModelError(f"{folder} is not a model of the store: {reason}", hint=hint)


def remove(name: str) -> int:
    """Removes a model and the files that no other model uses.

    Returns:
        Bytes freed.

    Raises:
        UnknownNameError: no model of this name is here.
    """
    if name not in {folder.name for folder in _folders()}:
        raise UnknownNameError("model", name, (folder.name for folder in _folders()))
    with locked(name):
        before = _usage()
        doomed = Path(tempfile.mkdtemp(dir=_folder("partial")))
        _place(name).rename(doomed / name)
        shutil.rmtree(doomed)
    with locked("blobs"):
        used = {info.sha256 for folder in _folders() for info in card_of(folder).files.values()}
        for blob in _folder("blobs").iterdir():
            if blob.name not in used:
                blob.unlink()
    return before - _usage()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Holds the lock of one model against every other process.

    Raises:
        MissingExtraError: the extra `local` is missing.
    """
    lock: Any = need("filelock", "the model store")
    with lock.FileLock(_folder("locks") / f"{name}.lock"):
        yield


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder on the store's file system for files that are not yet a model; it vanishes afterwards.

    What a killed process left there is removed a day later.
    """
    for left in _folder("partial").iterdir():
        if time.time() - left.stat().st_mtime > 86_400:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=_folder("partial"), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def install(card: Card, files: Path, *, origin: str) -> Path:
    """Makes checked files a model; call it with the model's lock held.

    Args:
        card: the model.
        files: a folder inside `workspace` with every file of the card, under the card's names. They are moved.
        origin: where they came from, for messages.

    Returns:
        The model's folder.

    Raises:
        ModelError: a file is missing or has another hash; nothing is installed then.
    """
    for name, info in card.files.items():
        if not (files / name).is_file():
            raise ModelError(f"{origin} did not hold {name}")
        blobs.check(files / name, info, origin=origin)
    new, place = files / ".model", _place(card.name)
    new.mkdir()
    with locked("blobs"):
        for name, info in card.files.items():
            blob = blobs.keep(files / name, info, _folder("blobs"))
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            blobs.link(blob, new / name, moves_to=place / name)
        (new / "card.json").write_text(card.model_dump_json(indent=2), "utf-8")
        _folder("by-name")
        if place.exists():  # not a model, or nobody would install it
            shutil.rmtree(place)
        new.rename(place)
    return place


def _place(name: str) -> Path:
    return root() / "by-name" / name


def _folder(name: str) -> Path:
    folder = root() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _folders() -> list[Path]:
    parent = root() / "by-name"
    if not parent.is_dir():
        return []
    return sorted(folder for folder in parent.iterdir() if not folder.name.startswith("."))


def _usage() -> int:
    return sum(file.lstat().st_size for file in root().rglob("*") if file.is_file() and not file.is_symlink())
