"""The models that headpond knows by name: one YAML file each in `cards/`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from headpond.errors import UnknownNameError
from headpond.models.card import Card


@cache
def cards() -> dict[str, Card]:
    """All shipped cards by name, sorted."""
    folder = files("headpond.models") / "cards"
    loaded = [
        Card.model_validate(yaml.safe_load(entry.read_text("utf-8")))
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {card.name: card for card in sorted(loaded, key=lambda card: card.name)}


def get(name: str) -> Card:
    """The shipped card of this name.

    Raises:
        UnknownNameError: no shipped model has this name; the nearest is named.
    """
    if name not in cards():
        raise UnknownNameError("model", name, cards())
    return cards()[name]
