"""A BERT small enough to be made in a test, and BERT written out in numpy to compare the graphs with."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

Array = npt.NDArray[np.float32]
TEXT = "the a cat dog sat on mat how do vaccines work train immune system query : passage sort ##ed list . one two"
WORDS = TEXT.split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


def write_model(
    folder: Path,
    *,
    head: str = "BertModel",
    width: int = 16,
    layers: int = 2,
    heads: int = 2,
    positions: int = 32,
    seed: int = 0,
    prefix: str = "",
) -> dict[str, Array]:
    """Writes config.json, model.safetensors and tokenizer.json with random weights and returns the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> Array:
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    weights: dict[str, Array] = {
        "embeddings.word_embeddings.weight": normal(len(VOCABULARY), width),
        "embeddings.position_embeddings.weight": normal(positions, width),
        "embeddings.token_type_embeddings.weight": normal(2, width),
    }

    def linear(name: str, inputs: int, outputs: int) -> None:
        weights[f"{name}.weight"] = normal(outputs, inputs) * min(1, 4 / inputs**0.5)
        weights[f"{name}.bias"] = normal(outputs)

    def norm(name: str) -> None:
        weights[f"{name}.weight"] = 1 + normal(width)
        weights[f"{name}.bias"] = normal(width)

    norm("embeddings.LayerNorm")
    for layer in range(layers):
        base = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            linear(f"{base}.attention.self.{part}", width, width)
        linear(f"{base}.attention.output.dense", width, width)
        norm(f"{base}.attention.output.LayerNorm")
        linear(f"{base}.intermediate.dense", width, 2 * width)
        linear(f"{base}.output.dense", 2 * width, width)
        norm(f"{base}.output.LayerNorm")
    if head == "BertForMaskedLM":
        linear("cls.predictions.transform.dense", width, width)
        norm("cls.predictions.transform.LayerNorm")
        weights["cls.predictions.bias"] = normal(len(VOCABULARY)) - 0.5
    if head == "BertForSequenceClassification":
        linear("pooler.dense", width, width)
        linear("classifier", width, 1)
    named = {(prefix if not name.startswith(("cls.", "classifier")) else "") + name: w for name, w in weights.items()}
    save_file(named, folder / "model.safetensors")
    config = {
        "model_type": "bert",
        "architectures": [head],
        "hidden_size": width,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "intermediate_size": 2 * width,
        "max_position_embeddings": positions,
        "vocab_size": len(VOCABULARY),
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    write_tokenizer(folder / "tokenizer.json")
    return weights


def write_tokenizer(path: Path) -> None:
    """A wordpiece tokenizer with fixed padding and an early cut baked in, as the one of all-MiniLM-L6-v2 has."""
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=8)
    tokenizer.enable_truncation(8)
    tokenizer.save(str(path))


def hidden_state(weights: dict[str, Array], ids: list[int], types: list[int] | None = None, heads: int = 2) -> Array:
    """BERT's last hidden state [tokens, width] of one text."""
    row = np.array(ids)
    segments = np.array(types if types is not None else [0] * len(ids))
    x = (
        weights["embeddings.word_embeddings.weight"][row]
        + weights["embeddings.position_embeddings.weight"][: len(row)]
        + weights["embeddings.token_type_embeddings.weight"][segments]
    )
    x = layer_norm(weights, "embeddings.LayerNorm", x)
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder"))
    for layer in range(layers):
        base = f"encoder.layer.{layer}"
        query, key, value = (
            linear(weights, f"{base}.attention.self.{part}", x).reshape(len(row), heads, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        attended = (shares @ value).swapaxes(0, 1).reshape(len(row), -1)
        attended = linear(weights, f"{base}.attention.output.dense", attended)
        x = layer_norm(weights, f"{base}.attention.output.LayerNorm", x + attended)
        inner = linear(weights, f"{base}.output.dense", gelu(linear(weights, f"{base}.intermediate.dense", x)))
        x = layer_norm(weights, f"{base}.output.LayerNorm", x + inner)
    return x


def linear(weights: dict[str, Array], name: str, x: Array) -> Array:
    """The linear layer `name`."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def layer_norm(weights: dict[str, Array], name: str, x: Array) -> Array:
    """The layer norm `name`."""
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x: Array) -> Array:
    """The exact gelu."""
    return (x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))).astype(np.float32)


def unit(x: Array) -> Array:
    """Rows of length 1."""
    return x / np.linalg.norm(x, axis=-1, keepdims=True)
