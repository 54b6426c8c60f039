"""What stands on the encoder: pooling, the masked-language-model head of SPLADE, the classifier of a cross-encoder."""

from __future__ import annotations

import numpy as np

from headpond.models.card import Pooling
from headpond.models.graph.bert import BertConfig, dense, gelu, layer_norm
from headpond.models.graph.emitter import Emitter
from headpond.models.graph.weights import Weights


def real_tokens(emitter: Emitter, hidden: str, lengths: str) -> str:
    """A boolean mask [batch, tokens, 1]: true where a token is real, false at padding."""
    shape = emitter.op("Shape", [hidden])
    one = emitter.constant(np.array([1], np.int64))
    two = emitter.constant(np.array([2], np.int64))
    count = emitter.op("Squeeze", [emitter.op("Slice", [shape, one, two])])
    zero, step = emitter.constant(np.int64(0)), emitter.constant(np.int64(1))
    place = emitter.op("Range", [zero, count, step])
    limit = emitter.op("Unsqueeze", [lengths, one])
    return emitter.op("Unsqueeze", [emitter.op("Less", [place, limit]), two])


def unit(emitter: Emitter, x: str) -> str:
    """`x` with its last axis scaled to length 1."""
    norm = emitter.op("ReduceL2", [x, emitter.constant(np.array([-1], np.int64))], keepdims=1)
    return emitter.op("Div", [x, emitter.op("Max", [norm, emitter.constant(np.float32(1e-12))])])


def pooled(emitter: Emitter, hidden: str, lengths: str, pooling: Pooling) -> str:
    """One vector of length 1 for each text: [batch, dims]."""
    if pooling == "cls":
        first = emitter.op("Gather", [hidden, emitter.constant(np.int64(0))], axis=1)
        return unit(emitter, first)
    mask = real_tokens(emitter, hidden, lengths)
    kept = emitter.op("Where", [mask, hidden, emitter.constant(np.float32(0))])
    # the mean's divisor is a positive number, and the vector is scaled to length 1 anyway: the sum is enough
    axis = emitter.constant(np.array([1], np.int64))
    return unit(emitter, emitter.op("ReduceSum", [kept, axis], keepdims=0))


def term_weights(emitter: Emitter, hidden: str, lengths: str, weights: Weights, config: BertConfig) -> str:
    """SPLADE's weights of all vocabulary terms: `max over tokens of log(1 + relu(logit))`, [batch, vocabulary].

    Formal et al., "SPLADE v2" (2021), equation 4. The maximum is taken first (logarithm and relu keep the order)
    and the vocabulary's bias is added after it (it is the same at every token), so that only one large
    array, the products, ever exists. Padding repeats the first token, which cannot change a maximum.
    """
    mask = real_tokens(emitter, hidden, lengths)
    x = dense(emitter, hidden, weights, "cls.predictions.transform.dense")
    x = layer_norm(emitter, gelu(emitter, x), weights, "cls.predictions.transform.LayerNorm", config.layer_norm_eps)
    start, end = emitter.constant(np.array([0], np.int64)), emitter.constant(np.array([1], np.int64))
    first = emitter.op("Slice", [x, start, end, end])
    x = emitter.op("Where", [mask, x, first])
    decoder = "cls.predictions.decoder.weight"
    table = weights[decoder if decoder in weights else "embeddings.word_embeddings.weight"]
    logits = emitter.linear(x, table.T, None, "decoder")
    best = emitter.op("ReduceMax", [logits, end], keepdims=0)
    best = emitter.op("Add", [best, emitter.constant(weights["cls.predictions.bias"], "bias")])
    grown = emitter.op("Add", [emitter.op("Relu", [best]), emitter.constant(np.float32(1))])
    return emitter.op("Log", [grown])


def relevance(emitter: Emitter, hidden: str, weights: Weights) -> str:
    """A cross-encoder's logits: pooler, then classifier, [batch, labels]."""
    first = emitter.op("Gather", [hidden, emitter.constant(np.int64(0))], axis=1)
    spot = emitter.op("Tanh", [dense(emitter, first, weights, "pooler.dense")])
    return dense(emitter, spot, weights, "classifier")
