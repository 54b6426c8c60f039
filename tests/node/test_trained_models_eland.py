"""Eland against the pond over HTTP: the calls it makes, and where it is installed, Eland itself."""

from __future__ import annotations

import base64
import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.node import Node
from headpond.node.serve import serving
from tests.models.tiny import VOCABULARY
from tests.node.trained import expected, runtime_named, stand_in_definition

MIB = 1024 * 1024
JSON = {"accept": "application/json", "content-type": "application/json"}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A pond over HTTP."""
    node = Node(tmp_path / "pond")
    with serving(node) as url:
        yield url
    node.close()


@pytest.fixture
def client(url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(url, request_timeout=300, max_retries=0) as client:
        yield client


def test_the_calls_of_eland_import_hub_model(client: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime_named("stand-in", monkeypatch)
    definition = stand_in_definition("text_embedding", padding=2 * MIB)
    assert int(client.info()["version"]["number"].split(".")[0]) == 9
    assert client.options(ignore_status=404).ml.get_trained_models(model_id="m").meta.status == 404
    made = client.ml.put_trained_model(
        model_id="m",
        description="Model x for task type 'text_embedding'",
        inference_config={
            "text_embedding": {
                "tokenization": {"bert": {"max_sequence_length": 16, "do_lower_case": True}},
                "embedding_size": 4,
            }
        },
        input={"field_names": ["text_field"]},
        metadata={"per_deployment_memory_bytes": 90261504, "per_allocation_memory_bytes": 574882740},
        model_type="pytorch",
        prefix_strings={"ingest": "passage : ", "search": "query : "},
    )
    assert made["model_id"] == "m"
    parts = math.ceil(len(definition) / MIB)
    assert parts == 3
    for part in range(parts):
        answer = client.ml.put_trained_model_definition_part(
            model_id="m",
            part=part,
            total_definition_length=len(definition),
            total_parts=parts,
            definition=base64.b64encode(definition[part * MIB : (part + 1) * MIB]).decode(),
        )
        assert answer.body == {"acknowledged": True}
    answer = client.perform_request(
        "PUT", "/_ml/trained_models/m/vocabulary", headers=JSON, body={"vocabulary": VOCABULARY}
    )
    assert answer.body == {"acknowledged": True}
    started = client.ml.start_trained_model_deployment(model_id="m", timeout="60s", wait_for="started")
    assert started["assignment"]["assignment_state"] == "started"
    inferred = client.perform_request(
        "POST",
        "/_ml/trained_models/m/_infer",
        params={"timeout": "60s"},
        headers=JSON,
        body={"docs": [{"text_field": "a cat"}]},
    )
    np.testing.assert_allclose(
        inferred["inference_results"][0]["predicted_value"], expected("text_embedding", [2, 6, 7, 3]), atol=1e-6
    )
    listed = client.ml.get_trained_models(model_id="*", allow_no_match=True)
    assert [model["model_type"] for model in listed["trained_model_configs"]] == ["pytorch"]
    assert client.ml.stop_trained_model_deployment(model_id="m").body == {"stopped": True}
    assert client.options(ignore_status=404).ml.delete_trained_model(model_id="m").body == {"acknowledged": True}


def needs_eland() -> None:
    missing = [name for name in ("torch", "transformers", "sentence_transformers", "eland") if not _there(name)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install 'eland[pytorch]' 'headpond[torch]')")


def _there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def write_folder(folder: Path, kind: str) -> Path:
    """A BERT of random weights as transformers writes it."""
    import torch
    import transformers

    torch.manual_seed(0)
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=1,
    )
    getattr(transformers, kind)(config).eval().save_pretrained(folder)
    return folder


def reference(folder: Path, kind: str) -> Any:
    """The model and its tokenizer, as transformers runs them."""
    import transformers

    tokenizer = transformers.BertTokenizer.from_pretrained(folder)
    return tokenizer, getattr(transformers, kind).from_pretrained(folder).eval()


def import_model(url: str, folder: Path, task: str, model_id: str, *options: str) -> None:
    """Runs `eland_import_hub_model`."""
    command = [sys.executable, "-W", "ignore", "-m", "eland.cli.eland_import_hub_model", "--url", url, "--start"]
    command += ["--hub-model-id", str(folder), "--task-type", task, "--es-model-id", model_id, *options]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"Model successfully imported with id '{model_id}'" in done.stderr


TEXTS = ["a cat sat on the mat", "How do vaccines work", "the immune system " * 20]


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_eland_uploads_a_dense_model_whose_vectors_are_its_own(url: str, client: Elasticsearch, tmp_path: Path) -> None:
    needs_eland()
    import torch

    folder = write_folder(tmp_path / "dense", "BertModel")
    import_model(url, folder, "text_embedding", "dense", "--ingest-prefix", "passage : ")
    answer = client.ml.infer_trained_model(
        model_id="dense", docs=[{"text_field": text} for text in TEXTS], timeout="1m"
    )
    tokenizer, model = reference(folder, "BertModel")
    for text, got in zip(TEXTS, answer["inference_results"], strict=True):
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=32)
        with torch.inference_mode():
            wanted = model(**inputs).last_hidden_state[0].mean(dim=0).numpy()
        np.testing.assert_allclose(got["predicted_value"], wanted, atol=1e-5)
        assert got.get("is_truncated", False) == (text is TEXTS[2])
    config = {"service": "elasticsearch", "service_settings": {"deployment_id": "dense"}}
    client.inference.put(inference_id="mine", task_type="text_embedding", inference_config=config)
    (vector,) = client.inference.text_embedding(inference_id="mine", input="a cat", input_type="ingest")[
        "text_embedding"
    ]
    with torch.inference_mode():
        wanted = model(**tokenizer("passage : a cat", return_tensors="pt")).last_hidden_state[0].mean(dim=0).numpy()
    np.testing.assert_allclose(vector["embedding"], wanted, atol=1e-5)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_eland_uploads_a_cross_encoder_that_reranks(url: str, client: Elasticsearch, tmp_path: Path) -> None:
    needs_eland()
    import torch

    folder = write_folder(tmp_path / "cross", "BertForSequenceClassification")
    import_model(url, folder, "text_similarity", "cross")
    settings = {"model_id": "cross", "num_allocations": 1, "num_threads": 1}
    client.inference.put(
        inference_id="mine",
        task_type="rerank",
        inference_config={"service": "elasticsearch", "service_settings": settings},
        timeout="2m",
    )
    answer = client.inference.rerank(inference_id="mine", query="how do vaccines work", input=TEXTS, timeout="1m")
    tokenizer, model = reference(folder, "BertForSequenceClassification")
    for hit in answer["rerank"]:
        inputs = tokenizer(
            "how do vaccines work",
            TEXTS[hit["index"]],
            return_tensors="pt",
            truncation="only_second",
            max_length=32,
        )
        with torch.inference_mode():
            wanted = float(model(**inputs).logits[0, 0])
        assert hit["relevance_score"] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_elands_class_uploads_replaces_asks_and_deletes(url: str, client: Elasticsearch, tmp_path: Path) -> None:
    needs_eland()
    import torch
    from eland.ml.pytorch import PyTorchModel
    from eland.ml.pytorch.transformers import TransformerModel

    folder = write_folder(tmp_path / "sparse", "BertForMaskedLM")
    made = TransformerModel(model_id=str(folder), task_type="text_expansion", es_version=(9, 2, 4))
    (tmp_path / "made").mkdir()
    definition, config, vocabulary = made.save(str(tmp_path / "made"))
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()), "utf-8")
    uploaded = PyTorchModel(client, "sparse")
    for _ in range(2):
        uploaded.import_model(
            model_path=definition,
            config_path=str(tmp_path / "config.json"),
            vocab_path=vocabulary,
            chunk_size=10_000,
        )
        assert PyTorchModel.list(client) == {"sparse"}
        uploaded.start()
        answer = uploaded.infer([{"text_field": "a cat sat"}])
        tokenizer, model = reference(folder, "BertForMaskedLM")
        with torch.inference_mode():
            logits = model(**tokenizer("a cat sat", return_tensors="pt")).logits[0]
            wanted = torch.log1p(torch.relu(logits)).max(dim=0).values.numpy()
        spelt = {
            VOCABULARY[place].replace(".", "__"): float(weight) for place, weight in enumerate(wanted) if weight > 0
        }
        assert answer["inference_results"][0]["predicted_value"] == pytest.approx(spelt, abs=1e-5)
        uploaded.stop()
        uploaded.delete()
        assert PyTorchModel.list(client) == set()
