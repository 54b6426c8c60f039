"""Graphs built from weights against BERT written out in numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headpond.errors import ModelError
from headpond.models.graph.build import build
from headpond.models.packing import padded
from headpond.models.session import Session
from tests.models.tiny import VOCABULARY, gelu, hidden_state, layer_norm, linear, unit, write_model

TEXTS = [[2, 8, 9, 10, 7, 11, 3], [2, 12, 13, 3], [2, 3]]


def run(session: Session, output: str, rows: list[list[int]], types: list[list[int]] | None = None) -> np.ndarray:
    ids, lengths = padded(rows)
    feeds = {"input_ids": ids, "lengths": lengths}
    if types is not None:
        feeds["token_type_ids"] = padded(types)[0]
    return session.run(output, feeds)


def test_token_vectors_of_a_padded_batch_equal_bert(tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m")
    build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="mean", precision="fp32")
    tokens = run(Session(tmp_path / "g.onnx"), "tokens", TEXTS)
    for row, ids in enumerate(TEXTS):
        np.testing.assert_allclose(tokens[row, : len(ids)], hidden_state(weights, ids), atol=2e-5)


def test_mean_pooling_leaves_padding_out(tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m")
    build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="mean", precision="fp32")
    sentences = run(Session(tmp_path / "g.onnx"), "sentence", TEXTS)
    expected = [unit(hidden_state(weights, ids).mean(axis=0)) for ids in TEXTS]
    np.testing.assert_allclose(sentences, expected, atol=2e-5)


def test_cls_pooling_takes_the_first_token(tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m")
    build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="cls", precision="fp32")
    sentences = run(Session(tmp_path / "g.onnx"), "sentence", TEXTS)
    np.testing.assert_allclose(sentences, [unit(hidden_state(weights, ids)[0]) for ids in TEXTS], atol=2e-5)


def test_term_weights_are_the_maximum_of_log_one_plus_relu_over_real_tokens(tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m", head="BertForMaskedLM")
    build(tmp_path / "m", tmp_path / "g.onnx", task="sparse_embedding", pooling="mean", precision="fp32")
    terms = run(Session(tmp_path / "g.onnx"), "terms", TEXTS)
    for row, ids in enumerate(TEXTS):
        x = gelu(linear(weights, "cls.predictions.transform.dense", hidden_state(weights, ids)))
        x = layer_norm(weights, "cls.predictions.transform.LayerNorm", x)
        logits = x @ weights["embeddings.word_embeddings.weight"].T + weights["cls.predictions.bias"]
        np.testing.assert_allclose(terms[row], np.log1p(np.maximum(logits, 0)).max(axis=0), atol=5e-5)
    assert terms.shape == (3, len(VOCABULARY))


def test_a_cross_encoder_sees_both_segments(tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m", head="BertForSequenceClassification")
    build(tmp_path / "m", tmp_path / "g.onnx", task="rerank", pooling="cls", precision="fp32")
    ids, types = [[2, 8, 9, 3, 10, 11, 3], [2, 8, 3, 9, 3]], [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]
    logits = run(Session(tmp_path / "g.onnx"), "logits", ids, types)
    for row in range(2):
        first = np.tanh(linear(weights, "pooler.dense", hidden_state(weights, ids[row], types[row])[0]))
        np.testing.assert_allclose(logits[row], linear(weights, "classifier", first), atol=2e-5)


def test_int8_products_stay_near_float32(tmp_path: Path) -> None:
    weights = write_model(tmp_path / "m", width=256, heads=4)
    build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="mean", precision="int8")
    sentences = run(Session(tmp_path / "g.onnx"), "sentence", TEXTS)
    expected = np.array([unit(hidden_state(weights, ids, heads=4).mean(axis=0)) for ids in TEXTS])
    assert (sentences * expected).sum(axis=1).min() > 0.99


def test_int8_takes_a_third_of_the_bytes(tmp_path: Path) -> None:
    write_model(tmp_path / "m", width=256, heads=4)
    for precision in ("fp32", "int8"):
        build(tmp_path / "m", tmp_path / precision, task="text_embedding", pooling="mean", precision=precision)
    assert (tmp_path / "int8").stat().st_size < (tmp_path / "fp32").stat().st_size / 3


@pytest.mark.parametrize("prefix", ["bert.", "model."])
def test_a_model_prefix_on_tensor_names_does_not_matter(tmp_path: Path, prefix: str) -> None:
    weights = write_model(tmp_path / "m", prefix=prefix)
    build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="mean", precision="fp32")
    tokens = run(Session(tmp_path / "g.onnx"), "tokens", TEXTS[:1])
    np.testing.assert_allclose(tokens[0], hidden_state(weights, TEXTS[0]), atol=2e-5)


def test_a_missing_head_is_named(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    with pytest.raises(ModelError, match=r"has no tensor 'cls\.predictions\.transform\.dense\.weight'"):
        build(tmp_path / "m", tmp_path / "g.onnx", task="sparse_embedding", pooling="mean", precision="fp32")


def test_another_architecture_is_refused_with_the_member_that_differs(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    config.write_text(config.read_text("utf-8").replace('"bert"', '"t5"'), "utf-8")
    with pytest.raises(ModelError, match=r"model_type: .*'t5'"):
        build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="mean", precision="fp32")


def test_broken_weights_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        build(tmp_path / "m", tmp_path / "g.onnx", task="text_embedding", pooling="mean", precision="fp32")
