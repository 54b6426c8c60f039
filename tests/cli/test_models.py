"""`headpond models`: a folder becomes an endpoint in one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import ConflictError, NotFoundError

import headpond
from tests.command import Run
from tests.models.onnx_files import table, write_folder, write_onnx
from tests.models.tiny import VOCABULARY, unit, write_model

WORDS = len(VOCABULARY)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own."""
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def ask(inference_id: str, **request: Any) -> Any:
    with headpond.connect("embedded:pond") as client:
        return client.inference.inference(inference_id=inference_id, timeout="1m", **request).body


def test_a_dense_folder_becomes_an_endpoint_in_one_command(run: Run, tmp_path: Path) -> None:
    rows = table(WORDS, 8)
    folder = write_folder(tmp_path / "My Encoder")
    write_onnx(folder / "onnx" / "model.onnx", rows, output="last_hidden_state")
    prompts = {"prompts": {"query": "query : ", "document": "passage : "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    done = run("models", "add", "My Encoder", "--endpoint", "my-dense", "--target", "embedded:pond")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "my-encoder is here: text_embedding, 8 dimensions, cosine, at most 512 tokens, ingest prefix 'passage : ',"
        " search prefix 'query : '",
        "my-dense is an inference endpoint of it (text_embedding)",
    ]
    passage = [2, *(VOCABULARY.index(word) for word in ("passage", ":", "a", "cat")), 3]
    answer = ask("my-dense", input="a cat", input_type="ingest")
    np.testing.assert_allclose(answer["text_embedding"][0]["embedding"], unit(rows[passage].mean(axis=0)), atol=1e-5)
    with headpond.connect("embedded:pond") as client:
        (shown,) = client.inference.get(inference_id="my-dense")["endpoints"]
    assert shown["service_settings"] == {
        "num_allocations": 1,
        "num_threads": 1,
        "model_id": "my-encoder",
        "similarity": "cosine",
        "dimensions": 8,
        "element_type": "float",
    }


def test_a_splade_folder_becomes_an_endpoint_in_one_command(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "splade", head="BertForMaskedLM")
    done = run(
        "models", "add", "splade", "--name", "own-splade", "--endpoint", "my-sparse", "--target", "embedded:pond"
    )
    assert (done.code, done.err) == (0, "")
    weights = ask("my-sparse", input="a cat")["sparse_embedding"][0]["embedding"]
    assert weights
    assert set(weights) <= {word.replace(".", "__") for word in VOCABULARY}


def test_a_cross_encoder_folder_becomes_an_endpoint_in_one_command(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "cross", head="BertForSequenceClassification")
    done = run("models", "add", "cross", "--endpoint", "my-rerank", "--target", "embedded:pond")
    assert (done.code, done.err) == (0, "")
    ranked = ask("my-rerank", input=["a dog", "the mat"], query="a cat")["rerank"]
    assert sorted(hit["index"] for hit in ranked) == [0, 1]
    with headpond.connect("embedded:pond") as client:
        (shown,) = client.inference.get(inference_id="my-rerank")["endpoints"]
    assert shown["headpond"]["method"] == "cross_encoder"


def test_the_command_may_be_repeated_after_its_endpoint_could_not_be_made(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "cross", head="BertForSequenceClassification")
    done = run("models", "add", "cross", "--endpoint", "My Rerank", "--target", "embedded:pond")
    assert done.code == 1
    assert "the endpoint My Rerank was not made: Validation Failed: 1: Invalid inference_id" in done.err
    assert run("models", "add", "cross", "--endpoint", "my-rerank", "--target", "embedded:pond").code == 0


def test_without_an_endpoint_the_next_step_is_said(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    done = run("models", "add", "m")
    assert done.out.splitlines()[1].startswith("make an endpoint of it with --endpoint ID")
    listed = run("models", "list", "--json")
    (own,) = [row for row in json.loads(listed.out) if row["name"] == "m"]
    assert (own["present"], own["dims"]) == (True, 16)


@pytest.mark.parametrize("name", ["Upper", "a b", "../x"])
def test_a_malformed_name_is_one_message_of_our_own(run: Run, tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "m")
    done = run("models", "add", "m", "--name", name)
    assert done.code == 1
    assert done.err.splitlines() == [
        f"error: {name!r} cannot be the name of a model",
        "  lower case letters, digits, '.', '_' and '-', with a letter or a digit first",
    ]


def test_an_endpoint_does_not_serve_another_model_of_the_same_name(run: Run, tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 1)):
        write_model(tmp_path / name, seed=seed)
    assert run("models", "add", "one", "--name", "m", "--endpoint", "mine", "--target", "embedded:pond").code == 0
    assert run("models", "remove", "m").code == 0
    with pytest.raises(NotFoundError, match=r"Could not start the model \[m\]: its files are not .* --name m"):
        ask("mine", input="a cat")
    assert run("models", "add", "two", "--name", "m").code == 0
    with pytest.raises(ConflictError, match=r"The model \[m\] is not the one that this endpoint was made with"):
        ask("mine", input="a cat")
    assert run("models", "remove", "m").code == 0
    assert run("models", "add", "one", "--name", "m").code == 0
    assert len(ask("mine", input="a cat")["text_embedding"]) == 1
