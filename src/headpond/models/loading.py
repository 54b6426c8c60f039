"""From a model's name or folder to a session that is ready to run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headpond.errors import ModelError
from headpond.models import built, store
from headpond.models.card import Card, Task
from headpond.models.session import Session, session
from headpond.models.tokenizer import Tokenizer

PrecisionChoice = Literal["auto", "int8", "fp32"]
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to run.

    Attributes:
        card: what it is.
        precision: of its matrix products; `as shipped` for ONNX files that are run unchanged.
        tokenizer: its tokenizer.
        session: its graph.
    """

    card: Card
    precision: str
    tokenizer: Tokenizer
    session: Session

    @property
    def exact(self) -> bool:
        """Whether a text's result does not depend on the texts of its batch; not known of files run unchanged."""
        return self.precision == "fp32"


_loaded: dict[tuple[Path, str, str], Loaded] = {}


def load(name_or_folder: str | Path, *, task: Task, precision: PrecisionChoice = "auto") -> Loaded:
    """Loads a model once for the whole process.

    Args:
        name_or_folder: the name of a model in the store, or a folder of the store.
        task: what it is to be used for.
        precision: `auto` is int8 if it agrees with float32 on this processor, else float32.

    Raises:
        ModelError: not at hand, of another task, or it cannot be run.
        MissingExtraError: a package of the extra `local` is missing.
    """
    folder = store.path(name_or_folder) if isinstance(name_or_folder, str) else name_or_folder
    card = store.card_of(folder)
    if card.task != task:
        raise ModelError(f"{card.name} is a {card.task} model, it cannot serve {task}")
    with _lock:
        key = (folder, card.fingerprint, precision)
        if key not in _loaded:
            graph, actual = built.graph_of(folder, card, precision)
            tokenizer = Tokenizer(folder / "tokenizer.json", card.max_tokens)
            _loaded[key] = Loaded(card, actual, tokenizer, session(graph))
        return _loaded[key]
