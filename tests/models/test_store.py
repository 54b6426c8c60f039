from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from headpond.errors import InputError, ModelError, UnknownNameError
from headpond.models import DenseModel, store
from headpond.models.adding import add
from tests.models.carrier import card_for, with_hash
from tests.models.tiny import write_model


def test_every_shipped_model_is_listed_as_absent_in_an_empty_home(home: Path) -> None:
    listing = store.listing()
    assert {"all-minilm-l6-v2", "splade-tiny", "e5-small-v2-q"} <= {entry.card.name for entry in listing}
    assert not any(entry.present for entry in listing)


def test_listing_creates_no_folder(home: Path) -> None:
    store.listing()
    assert not home.exists()


def test_an_added_model_is_listed_as_the_users_own(tiny: str) -> None:
    (entry,) = [entry for entry in store.listing() if entry.card.name == tiny]
    assert (entry.present, entry.shipped, entry.path) == (True, False, store.path(tiny))


def test_files_are_kept_once_by_their_hash(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    add("one", tmp_path / "m")
    add("two", tmp_path / "m")
    blobs = {path.name for path in (home / "models" / "blobs").iterdir()}
    assert blobs == {info.sha256 for info in store.card_of(store.path("one")).files.values()}


def test_removing_a_model_keeps_what_another_one_uses(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    add("one", tmp_path / "m")
    add("two", tmp_path / "m")
    store.remove("one")
    assert not store.present("one")
    assert DenseModel.load("two").embed(["a cat"]).tokens == [4]


def test_removing_the_last_user_frees_the_bytes(tiny: str, home: Path) -> None:
    size = store.card_of(store.path(tiny)).size
    assert store.remove(tiny) >= size
    assert list((home / "models" / "blobs").iterdir()) == []


def test_removing_what_is_not_here_names_what_is(tiny: str) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tiny'"):
        store.remove("tinny")


def test_a_wrong_hash_is_refused_and_nothing_becomes_visible(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    card = with_hash(card_for(tmp_path / "m"), "config.json", "0" * 64)
    with store.workspace() as space:
        for name in card.files:
            (space / name).write_bytes((tmp_path / "m" / name).read_bytes())
        with pytest.raises(ModelError, match=r"config\.json from a test has SHA-256 .*, expected is 0000.*: refused"):
            store.install(card, space, origin="a test")
    assert not store.present("carried")
    assert not (home / "models" / "blobs").exists()


def test_a_missing_file_is_refused(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    with store.workspace() as space, pytest.raises(ModelError, match=r"a test did not hold model\.safetensors"):
        store.install(card_for(tmp_path / "m"), space, origin="a test")


def test_the_store_can_be_moved(tiny: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = DenseModel.load(tiny).embed(["a cat"]).vectors
    home.rename(tmp_path / "moved")
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "moved"))
    assert (DenseModel.load(tiny).embed(["a cat"]).vectors == before).all()


def test_a_graph_is_built_once(tiny: str) -> None:
    DenseModel.load(tiny)
    graphs = {path: path.stat().st_mtime_ns for path in store.path(tiny).rglob("*.onnx")}
    code = "import sys; from headpond.models import DenseModel; DenseModel.load(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, tiny], check=True)
    assert {path: path.stat().st_mtime_ns for path in store.path(tiny).rglob("*.onnx")} == graphs


def test_int8_is_measured_against_float32_before_it_is_taken(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m", width=256, heads=4)
    add("wide", tmp_path / "m")
    (record,) = store.path("wide").rglob("agreement.json")
    told = json.loads(record.read_text("utf-8"))
    expected = "int8" if told["cosine"] >= told["needed"] else "fp32"
    assert DenseModel.load("wide").precision == expected
    assert 0.9 < told["cosine"] <= 1


def test_another_model_under_the_same_name_is_loaded_anew(home: Path, tmp_path: Path) -> None:
    vectors = []
    for seed in (1, 2):
        write_model(tmp_path / str(seed), seed=seed)
        add("own", tmp_path / str(seed))
        vectors.append(DenseModel.load("own").embed(["a cat"]).vectors[0])
        store.remove("own")
    assert float(vectors[0] @ vectors[1]) < 0.9


def test_a_shipped_models_name_cannot_be_taken(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    with pytest.raises(InputError, match="'splade-tiny' belongs to a shipped model"):
        add("splade-tiny", tmp_path / "m")


def test_a_name_is_taken_once(tiny: str, tmp_path: Path) -> None:
    write_model(tmp_path / "other", seed=1)
    with pytest.raises(InputError, match="another model called 'tiny' is already here"):
        add("tiny", tmp_path / "other")


def test_adding_the_same_folder_again_changes_nothing(tiny: str, tmp_path: Path) -> None:
    there = store.card_of(store.path(tiny))
    assert add("tiny", tmp_path / "tiny") == there


@pytest.mark.parametrize("name", ["Upper", "../out", "a/b", "", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(home: Path, tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "m")
    with pytest.raises(InputError, match="name"):
        add(name, tmp_path / "m")


def test_a_folder_without_a_model_says_what_is_needed(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        add("own", tmp_path)
    assert "needed are tokenizer.json, and model.onnx (also below onnx/), or config.json" in str(caught.value)


def test_pickled_weights_are_never_loaded(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").rename(tmp_path / "m" / "pytorch_model.bin")
    with pytest.raises(InputError, match="does not hold a model") as caught:
        add("own", tmp_path / "m")
    assert "pickle" in (caught.value.hint or "")


def test_a_model_that_cannot_run_is_not_kept(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        add("own", tmp_path / "m")
    assert not store.present("own")


def test_pooling_prefixes_and_maximum_are_read_from_sentence_transformers_files(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    write_model(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}', "utf-8")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 12}', "utf-8")
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: "}}', "utf-8")
    card = add("own", folder)
    assert (card.pooling, card.max_tokens, card.prefixes.search, card.dims) == ("cls", 12, "query: ", 16)


def test_an_onnx_model_runs_as_it_is(home: Path, tmp_path: Path) -> None:
    from headpond.models.graph.build import build

    write_model(tmp_path / "m")
    (tmp_path / "o" / "onnx").mkdir(parents=True)
    build(
        tmp_path / "m", tmp_path / "o" / "onnx" / "model.onnx", task="text_embedding", pooling="mean", precision="fp32"
    )
    (tmp_path / "m" / "tokenizer.json").rename(tmp_path / "o" / "tokenizer.json")
    assert add("own", tmp_path / "o", max_tokens=32).dims == 16
    assert DenseModel.load("own").precision == "as shipped"
