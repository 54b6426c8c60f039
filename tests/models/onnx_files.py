"""ONNX files as exporters write them, small enough for a test: an embedding table and what stands on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.models.tiny import write_tokenizer

Array = npt.NDArray[np.float32]


def table(rows: int, columns: int, seed: int = 0) -> Array:
    """A row for each token."""
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def write_onnx(
    path: Path, weights: Array, *, output: str, pool: str | None = None, inputs: tuple[str, ...] = ()
) -> None:
    """A graph that looks its tokens up.

    Args:
        path: the file.
        weights: [vocabulary, columns].
        output: name of the output: [batch, tokens, columns], or [batch, columns] when pooled.
        pool: `ReduceMean` or `ReduceSum` over the tokens, padding included.
        inputs: further inputs, which change nothing but must be given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["rows"], axis=0)]
    constants = [numpy_helper.from_array(weights, "table")]
    last = "rows"
    if pool is not None:
        constants.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
        nodes.append(helper.make_node(pool, [last, "axis"], ["pooled"], keepdims=0))
        last = "pooled"
    constants.append(numpy_helper.from_array(np.float32(0), "zero"))
    for name in ("attention_mask", *inputs):  # used, or the runtime would drop them
        nodes.append(helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_float", "zero"], [f"{name}_nothing"]))
        nodes.append(helper.make_node("ReduceSum", [f"{name}_nothing"], [f"{name}_sum"], keepdims=0))
        nodes.append(helper.make_node("Add", [last, f"{name}_sum"], [f"with_{name}"]))
        last = f"with_{name}"
    nodes.append(helper.make_node("Identity", [last], [output]))
    given = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask", *inputs)
    ]
    shape = ["batch", weights.shape[1]] if pool else ["batch", "tokens", weights.shape[1]]
    result = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "tiny", given, result, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    onnx.save(model, str(path))


def write_folder(folder: Path) -> Path:
    """A folder with a tokenizer and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder / "tokenizer.json")
    return folder
