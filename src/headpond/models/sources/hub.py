"""Files from a model hub, through huggingface_hub and its cache."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headpond.errors import MissingExtraError, ModelError
from headpond.models.card import HubSource
from headpond.models.extra import need
from headpond.models.sources.command import without_addresses

REACH_SECONDS = 4.0
_unreachable: str | None = None


def fetch(source: HubSource, into: Path, scratch: Path, arrived: Callable[[int], None]) -> None:
    """Takes the files from the hub's local cache, else downloads them.

    `HF_HUB_OFFLINE`, `HF_HOME`, `HF_ENDPOINT` and tokens work as huggingface_hub documents them. A hub that did not
    answer within a few seconds is not asked again by this process.

    Raises:
        ModelError: offline and not cached, the hub does not answer, or it lacks a file.
    """
    try:
        hub = need("huggingface_hub", "the model hub")
    except MissingExtraError as error:
        raise ModelError("the package huggingface_hub is not installed", hint=error.hint) from error
    cached = {
        name: hub.try_to_load_from_cache(source.repo, path, revision=source.revision)
        for name, path in source.files.items()
    }
    if not all(isinstance(path, str) for path in cached.values()):
        if offline():
            raise ModelError("HF_HUB_OFFLINE is set and the hub's cache does not hold it")
        _reach(hub, source)
        cached = _download(hub, source, scratch)
    for name, path in cached.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, into / name)
        arrived(sum(file.stat().st_size for file in into.rglob("*") if file.is_file()))


def offline() -> bool:
    """Whether `HF_HUB_OFFLINE` says that the hub must not be asked."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _reach(hub: Any, source: HubSource) -> None:
    global _unreachable
    if _unreachable is None:
        _unreachable = _ask(hub, source)
    if _unreachable:
        raise ModelError(_unreachable)


def _ask(hub: Any, source: HubSource) -> str:
    """Asks for one file's metadata; an empty answer means that the hub answered."""
    path = next(iter(source.files.values()))
    url = hub.hf_hub_url(source.repo, path, revision=source.revision)
    outcome: list[BaseException | None] = []

    def ask() -> None:
        try:
            hub.get_hf_file_metadata(url, timeout=REACH_SECONDS)
            outcome.append(None)
        except Exception as error:  # whatever it is, it is told below
            outcome.append(error)

    # a name server that does not answer blocks longer than any timeout of the client: hence a thread to leave behind
    thread = threading.Thread(target=ask, daemon=True, name="headpond-hub")
    thread.start()
    thread.join(REACH_SECONDS + 1)
    if not outcome:
        return f"the hub did not answer within {REACH_SECONDS + 1:.0f} s"
    error = outcome[0]
    if error is None or isinstance(error, hub.errors.HfHubHTTPError):  # it did answer
        return ""
    return f"the hub cannot be reached ({type(error).__name__})"


def _download(hub: Any, source: HubSource, scratch: Path) -> dict[str, str]:
    try:
        return {
            name: hub.hf_hub_download(
                source.repo, path, revision=source.revision, local_dir=scratch / "hub", etag_timeout=REACH_SECONDS
            )
            for name, path in source.files.items()
        }
    except Exception as error:  # the client raises errors of several libraries
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"the hub did not deliver it: {without_addresses(text)}") from error
