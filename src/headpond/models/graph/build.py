"""A model folder in Hugging Face layout becomes one ONNX file."""

from __future__ import annotations

from pathlib import Path

from headpond.models.card import Pooling, Task
from headpond.models.graph.bert import BertConfig, encoder
from headpond.models.graph.emitter import Emitter, Precision
from headpond.models.graph.heads import pooled, relevance, term_weights
from headpond.models.graph.weights import Weights

BUILDER_VERSION = 1
"""Raised whenever the graph made from the same weights changes; part of the name of a built file."""

INT8_FROM_WIDTH = 256
"""Encoders narrower than this stay in float32: a 128 wide one lost 2 % of cosine in int8 and was hardly faster."""


def build(folder: Path, target: Path, *, task: Task, pooling: Pooling, precision: Precision) -> None:
    """Builds the graph of `folder` (config.json, model.safetensors) and writes it to `target`.

    Inputs are `input_ids` int64 [batch, tokens], `lengths` int64 [batch] and, for rerank, `token_type_ids`.
    Outputs are, by task: `sentence` [batch, dims] and `tokens` [batch, tokens, dims]; `terms` [batch, vocabulary];
    `logits` [batch, labels]. All float32.

    Raises:
        ModelError: the folder does not hold a BERT model with the head that the task needs.
    """
    config = BertConfig.read(folder / "config.json")
    weights = Weights(folder / "model.safetensors")
    emitter = Emitter(precision if config.hidden_size >= INT8_FROM_WIDTH else "fp32")
    hidden, lengths = encoder(emitter, weights, config, segments=task == "rerank")
    emitter.precision = "fp32" if task == "rerank" else precision  # a cross-encoder's head sees one token a text
    if task == "text_embedding":
        emitter.output(pooled(emitter, hidden, lengths, pooling), "sentence", "FLOAT", ["batch", config.hidden_size])
        emitter.output(hidden, "tokens", "FLOAT", ["batch", "tokens", config.hidden_size])
    elif task == "sparse_embedding":
        terms = term_weights(emitter, hidden, lengths, weights, config)
        emitter.output(terms, "terms", "FLOAT", ["batch", config.vocab_size])
    else:
        emitter.output(relevance(emitter, hidden, weights), "logits", "FLOAT", ["batch", "labels"])
    emitter.save(target, folder.name)
