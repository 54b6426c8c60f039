"""Graphs made from weights: built at first use, kept next to them under a name that changes with either."""

from __future__ import annotations

import json
import logging
import os
import platform
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from headpond.errors import ModelError
from headpond.models.card import Card
from headpond.models.graph.build import BUILDER_VERSION, build
from headpond.models.packing import padded
from headpond.models.session import Session
from headpond.models.tokenizer import Encoded, Tokenizer

AGREEMENT = 0.98
"""int8 is taken when its outputs for `PROBES` have at least this cosine with float32's (MiniLM: 0.99)."""

PROBES = (
    "how do vaccines work",
    "Vaccines train the immune system to recognise pathogens before an infection.",
    "def insort(a, x, lo=0, hi=None): insert item x in list a, and keep it sorted assuming a is sorted.",
    "The boundary layer on a flat plate in supersonic flow is computed for several wall temperatures.",
    "cheap car insurance",
    "In 1843 Ada Lovelace published notes on the analytical engine; they hold what many call the first program.",
)

logger = logging.getLogger("headpond.models")


def graph_of(folder: Path, card: Card, precision: Literal["auto", "int8", "fp32"]) -> tuple[Path, str]:
    """The ONNX file to run and its precision.

    Args:
        folder: the model's folder in the store.
        card: its card.
        precision: what is wanted; `auto` is int8 where it agrees with float32 on this processor, else float32.
            ONNX models are run as they are, whatever it says.

    Returns:
        The file, and `int8`, `fp32` or `as shipped`.

    Raises:
        ModelError: the weights cannot be turned into a graph, or the graph cannot be written.
    """
    if card.architecture == "onnx":
        return folder / "model.onnx", "as shipped"
    try:
        if precision == "fp32" or (precision == "auto" and not _int8_agrees(folder, card)):
            return _graph(folder, card, "fp32"), "fp32"
        return _graph(folder, card, "int8"), "int8"
    except OSError as error:
        raise ModelError(f"the graph of {card.name} cannot be written below {folder}: {error.strerror}") from error


def _graph(folder: Path, card: Card, precision: Literal["int8", "fp32"]) -> Path:
    target = _place(folder, card, f"{precision}.onnx")
    if not target.exists():
        partial = target.with_name(f".{os.getpid()}-{target.name}")
        try:
            build(folder, partial, task=card.task, pooling=card.pooling, precision=precision)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target


def _place(folder: Path, card: Card, name: str) -> Path:
    parent = folder / "built" / f"{card.fingerprint}-{BUILDER_VERSION}-{platform.machine()}"
    parent.mkdir(parents=True, exist_ok=True)
    return parent / name


def _int8_agrees(folder: Path, card: Card) -> bool:
    """Whether int8 gives what float32 gives; measured once, then read from a file beside the graph."""
    record = _place(folder, card, "agreement.json")
    if not record.exists():
        agreement = _measure(folder, card)
        record.write_text(json.dumps({"cosine": round(agreement, 4), "needed": AGREEMENT}), "utf-8")
        if agreement < AGREEMENT:
            logger.info("%s runs in float32: int8 agrees with it only to %.3f", card.name, agreement)
    return bool(json.loads(record.read_text("utf-8"))["cosine"] >= AGREEMENT)


def _measure(folder: Path, card: Card) -> float:
    """The cosine of both precisions' outputs for the probes, taken together."""
    tokenizer = Tokenizer(folder / "tokenizer.json", card.max_tokens)
    texts = tokenizer.encode_pairs(PROBES[0], PROBES[1:]) if card.task == "rerank" else tokenizer.encode(PROBES)
    exact_graph = _place(folder, card, "fp32.onnx")
    wanted_anyway = exact_graph.exists()
    quick = _outputs(_graph(folder, card, "int8"), texts)
    exact = _outputs(_graph(folder, card, "fp32"), texts)
    cosine = float(quick @ exact / (np.linalg.norm(quick) * np.linalg.norm(exact)))
    if not wanted_anyway and cosine >= AGREEMENT:
        exact_graph.unlink(missing_ok=True)  # four times the size of the graph that will be used
    return cosine


def _outputs(graph: Path, texts: list[Encoded]) -> npt.NDArray[np.float64]:
    session = Session(graph)
    rows = []
    for text in texts:
        ids, lengths = padded([text.ids])
        feeds = {"input_ids": ids, "lengths": lengths, "token_type_ids": padded([text.types])[0]}
        taken = {name: array for name, array in feeds.items() if name in session.inputs}
        rows.append(session.run(session.outputs[0], taken).ravel().astype(np.float64))
    return np.concatenate(rows)
