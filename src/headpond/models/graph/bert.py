"""The BERT encoder as an ONNX graph.

The architecture is that of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (2018), with the
tensor names of Hugging Face checkpoints. Padding stands right of the tokens; `lengths` says how many are real.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from headpond.errors import ModelError
from headpond.models.graph.emitter import Emitter
from headpond.models.graph.weights import Weights


class BertConfig(BaseModel):
    """The part of a Hugging Face `config.json` that decides the graph."""

    model_type: Literal["bert"]
    hidden_size: int = Field(gt=0)
    num_attention_heads: int = Field(gt=0)
    num_hidden_layers: int = Field(gt=0)
    layer_norm_eps: float = 1e-12
    max_position_embeddings: int = Field(gt=0)
    vocab_size: int = Field(gt=0)
    hidden_act: Literal["gelu"] = "gelu"
    position_embedding_type: Literal["absolute"] = "absolute"
    architectures: list[str] = []

    @classmethod
    def read(cls, path: Path) -> BertConfig:
        """The configuration in a file.

        Raises:
            ModelError: not JSON, or a model of another kind; the message names the member.
        """
        try:
            return cls.model_validate(json.loads(path.read_text("utf-8")))
        except (OSError, json.JSONDecodeError) as error:
            raise ModelError(f"{path} cannot be read: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ModelError(
                f"{path}: {where}: {first['msg']}, got {first['input']!r}",
                hint="supported are BERT models with absolute positions and gelu; others can be added as ONNX files",
            ) from error


def layer_norm(emitter: Emitter, x: str, weights: Weights, name: str, epsilon: float) -> str:
    """Layer normalisation over the last axis with the tensors `name.weight` and `name.bias`."""
    scale = emitter.constant(weights[f"{name}.weight"], "gamma")
    shift = emitter.constant(weights[f"{name}.bias"], "beta")
    return emitter.op("LayerNormalization", [x, scale, shift], axis=-1, epsilon=epsilon)


def dense(emitter: Emitter, x: str, weights: Weights, name: str) -> str:
    """The linear layer `name`; checkpoints hold its weight as [out, in]."""
    return emitter.linear(x, weights[f"{name}.weight"].T, weights[f"{name}.bias"], name)


def gelu(emitter: Emitter, x: str) -> str:
    """The exact (erf) gelu."""
    return emitter.op("Gelu", [x])


def encoder(emitter: Emitter, weights: Weights, config: BertConfig, *, segments: bool = False) -> tuple[str, str]:
    """Emits inputs and encoder.

    Args:
        emitter: where the nodes go.
        weights: the checkpoint.
        config: its configuration.
        segments: whether the graph takes `token_type_ids`; without it every token is of the first segment.

    Returns:
        The names of the last hidden state [batch, tokens, dims] and of the lengths [batch].
    """
    ids = emitter.input("input_ids", "INT64", ["batch", "tokens"])
    lengths = emitter.input("lengths", "INT64", ["batch"])
    types = emitter.input("token_type_ids", "INT64", ["batch", "tokens"]) if segments else None
    epsilon = config.layer_norm_eps

    words = emitter.lookup(weights["embeddings.word_embeddings.weight"], ids, "words")
    segment_table = weights["embeddings.token_type_embeddings.weight"]
    positions = weights["embeddings.position_embeddings.weight"]
    if types is None:  # the first segment's vector is added to every position once, here
        positions = positions + segment_table[0]
    else:
        words = emitter.op("Add", [words, emitter.op("Gather", [emitter.constant(segment_table), types], axis=0)])
    end = emitter.op("Slice", [emitter.op("Shape", [ids]), *_slice(emitter, 1, 2)])
    row = emitter.op("Slice", [emitter.constant(positions, "positions"), _vector(emitter, 0), end, _vector(emitter, 0)])
    x = emitter.op("Add", [words, row])
    x = layer_norm(emitter, x, weights, "embeddings.LayerNorm", epsilon)
    for layer in range(config.num_hidden_layers):
        x = _layer(emitter, x, lengths, weights, f"encoder.layer.{layer}", config)
    return x, lengths


def _layer(emitter: Emitter, x: str, lengths: str, weights: Weights, name: str, config: BertConfig) -> str:
    attended = attention(emitter, x, lengths, weights, f"{name}.attention.self", config.num_attention_heads)
    attended = dense(emitter, attended, weights, f"{name}.attention.output.dense")
    x = _add_norm(emitter, attended, x, weights, f"{name}.attention.output.LayerNorm", config.layer_norm_eps)
    inner = gelu(emitter, dense(emitter, x, weights, f"{name}.intermediate.dense"))
    inner = dense(emitter, inner, weights, f"{name}.output.dense")
    return _add_norm(emitter, inner, x, weights, f"{name}.output.LayerNorm", config.layer_norm_eps)


def _add_norm(emitter: Emitter, x: str, skip: str, weights: Weights, name: str, epsilon: float) -> str:
    return layer_norm(emitter, emitter.op("Add", [x, skip]), weights, name, epsilon)


def attention(emitter: Emitter, x: str, lengths: str, weights: Weights, name: str, heads: int) -> str:
    """Multi-head self-attention without its output projection."""
    parts = ("query", "key", "value")
    shared = emitter.shared(x)
    projected = [
        emitter.linear(shared, weights[f"{name}.{part}.weight"].T, weights[f"{name}.{part}.bias"], part)
        for part in parts
    ]
    inputs = [*projected, "", "", "", lengths]  # no mask, no past keys and values
    return emitter.op("Attention", inputs, q_num_heads=heads, kv_num_heads=heads)


def _vector(emitter: Emitter, value: int) -> str:
    return emitter.constant(np.array([value], np.int64))


def _slice(emitter: Emitter, start: int, end: int) -> tuple[str, str]:
    return _vector(emitter, start), _vector(emitter, end)
