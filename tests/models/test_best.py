from __future__ import annotations

from pathlib import Path

import pytest

from headpond.models import catalog, for_task
from headpond.models.adding import add
from headpond.models.fetching import pull
from tests.models.carrier import card_for
from tests.models.tiny import write_model


def test_with_nothing_here_the_default_of_the_task_is_named(home: Path) -> None:
    named = {task: for_task(task) for task in ("text_embedding", "sparse_embedding", "rerank")}
    assert {task: choice.card.name for task, choice in named.items()} == {
        "text_embedding": "all-minilm-l6-v2",
        "sparse_embedding": "splade-tiny",
        "rerank": "all-minilm-l6-v2",
    }
    assert not any(choice.present for choice in named.values())


def test_a_stand_in_is_said_to_be_one(home: Path) -> None:
    choice = for_task("text_embedding", ".multilingual-e5-small")
    assert choice.card.name == "all-minilm-l6-v2"
    assert choice.stands_in_for == ".multilingual-e5-small"


def test_a_dense_model_that_reranks_is_called_late_interaction(home: Path) -> None:
    assert for_task("rerank", ".rerank-v1").method == "late_interaction"


def test_what_is_here_goes_before_what_is_better(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    add("own", tmp_path / "m")
    choice = for_task("text_embedding")
    assert (choice.card.name, choice.present) == ("own", True)


def test_a_cross_encoder_that_is_here_goes_before_late_interaction(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "dense")
    write_model(tmp_path / "cross", head="BertForSequenceClassification")
    add("dense", tmp_path / "dense")
    add("cross", tmp_path / "cross")
    choice = for_task("rerank")
    assert (choice.card.name, choice.method) == ("cross", "cross_encoder")


def test_the_named_model_goes_before_a_better_one_and_is_no_stand_in(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "m")
    real = card_for(tmp_path / "m", name="real").model_copy(update={"elasticsearch_model_id": ".real", "rank": 1})
    better = card_for(tmp_path / "m", name="better").model_copy(update={"rank": 9})
    for card in (real, better):
        monkeypatch.setitem(catalog.cards(), card.name, card)
        pull(card.name, folder=tmp_path / "m")
    assert for_task("text_embedding").card.name == "better"
    choice = for_task("text_embedding", ".real")
    assert (choice.card.name, choice.stands_in_for) == ("real", None)
