"""Graphs made from weights: built at first use, kept next to them under a name that changes with either."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Literal

from headpond.models.card import Card
from headpond.models.graph.build import BUILDER_VERSION, build


def graph_of(folder: Path, card: Card, precision: Literal["auto", "int8", "fp32"]) -> tuple[Path, str]:
    """The ONNX file to run and its precision.

    Args:
        folder: the model's folder in the store.
        card: its card.
        precision: what is wanted; ONNX models are run as they are, whatever it says.

    Raises:
        ModelError: the weights cannot be turned into a graph.
    """
    if card.architecture == "onnx":
        return folder / "model.onnx", "as shipped"
    actual: Literal["int8", "fp32"] = "fp32" if precision == "fp32" else "int8"
    target = folder / "built" / f"{actual}-{card.fingerprint}-{BUILDER_VERSION}-{platform.machine()}.onnx"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        partial = target.with_name(f".{os.getpid()}-{target.name}")
        build(folder, partial, task=card.task, pooling=card.pooling, precision=actual)
        partial.replace(target)
    return target, actual
