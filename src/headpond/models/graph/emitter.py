"""Writes an ONNX graph node by node, in float32 or with int8 matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from headpond.models.extra import need

Precision = Literal["fp32", "int8"]
OPSET = 24
LEVELS = np.float32(127)
"""Largest int8 magnitude. Processors without VNNI may saturate sums of two products; 7 bits were no better on one."""
MICROSOFT = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Activation:
    """A tensor, and its uint8 values, scale and zero point when they have been computed."""

    name: str
    quantised: tuple[str, str, str] | None = None


class Emitter:
    """Collects nodes and constants; every method returns the name of what it made.

    Args:
        precision: of matrix products and embedding tables.
    """

    def __init__(self, precision: Precision) -> None:
        self._onnx = need("onnx", "building a model graph")
        self.precision = precision
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def input(self, name: str, dtype: str, shape: Sequence[str | int]) -> str:
        """A graph input; `dtype` is a TensorProto type name such as `INT64`."""
        kind = getattr(self._onnx.TensorProto, dtype)
        self._inputs.append(self._onnx.helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, value: str, name: str, dtype: str, shape: Sequence[str | int]) -> None:
        """Makes `value` a graph output called `name`."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        kind = getattr(self._onnx.TensorProto, dtype)
        self._outputs.append(self._onnx.helper.make_tensor_value_info(name, kind, list(shape)))

    def constant(self, array: npt.NDArray[Any] | np.generic, stem: str = "const") -> str:
        """A constant; keeps 0-d arrays 0-d (`np.ascontiguousarray` would not)."""
        name = self._name(stem)
        value = np.asarray(array)
        if value.ndim:
            value = np.ascontiguousarray(value)
        self._constants.append(self._onnx.numpy_helper.from_array(value, name))
        return name

    def op(self, kind: str, inputs: Sequence[str], *, domain: str = "", **attributes: Any) -> str:
        """A node with one output."""
        return self.ops(kind, inputs, 1, domain=domain, **attributes)[0]

    def ops(self, kind: str, inputs: Sequence[str], outputs: int, *, domain: str = "", **attributes: Any) -> list[str]:
        """A node with several outputs."""
        names = [self._name(kind) for _ in range(outputs)]
        node = self._onnx.helper.make_node(kind, list(inputs), names, name=names[0], domain=domain, **attributes)
        self._nodes.append(node)
        return names

    def quantised(
        self, matrix: npt.NDArray[np.float32], axis: int
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """int8 values and one scale for each index along `axis`: symmetric, largest magnitude to the last level."""
        other = tuple(i for i in range(matrix.ndim) if i != axis)
        largest = np.abs(matrix).max(axis=other, keepdims=True)
        scale = np.where(largest > 0, largest, 1).astype(np.float32) / LEVELS
        values = np.clip(np.rint(matrix / scale), -LEVELS, LEVELS).astype(np.int8)
        return values, scale.reshape(-1)

    def shared(self, x: str) -> Activation:
        """An activation that several products will read: in int8 it is quantised once."""
        if self.precision == "fp32":
            return Activation(x)
        values, scale, zero = self.ops("DynamicQuantizeLinear", [x], 3)
        return Activation(x, (values, scale, zero))

    def linear(
        self,
        x: str | Activation,
        weight: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32] | None,
        stem: str = "w",
    ) -> str:
        """`x @ weight + bias`; weight is [in, out]."""
        activation = x if isinstance(x, Activation) else Activation(x)
        if self.precision == "fp32":
            product = self.op("MatMul", [activation.name, self.constant(weight, stem)])
            return product if bias is None else self.op("Add", [product, self.constant(bias, "bias")])
        values, scale = self.quantised(weight, axis=1)
        matrix, scales = self.constant(values, stem), self.constant(scale, "scale")
        offset = [self.constant(bias, "bias")] if bias is not None else []
        if activation.quantised is None:
            return self.op("DynamicQuantizeMatMul", [activation.name, matrix, scales, "", *offset], domain=MICROSOFT)
        rows, row_scale, row_zero = activation.quantised
        zero = self.constant(np.zeros(len(scale), np.int8), "zero")
        inputs = [rows, matrix, row_scale, scales, row_zero, zero, *offset]
        return self.op("MatMulIntegerToFloat", inputs, domain=MICROSOFT)

    def lookup(self, table: npt.NDArray[np.float32], ids: str, stem: str = "table") -> str:
        """Rows of `table` [rows, dims]; in int8 each row has its own scale."""
        if self.precision == "fp32":
            return self.op("Gather", [self.constant(table, stem), ids], axis=0)
        values, scale = self.quantised(table, axis=0)
        rows = self.op("Gather", [self.constant(values, stem), ids], axis=0)
        scales = self.op("Gather", [self.constant(scale.reshape(-1, 1), "scale"), ids], axis=0)
        as_float = self.op("Cast", [rows], to=self._onnx.TensorProto.FLOAT)
        return self.op("Mul", [as_float, scales])

    def save(self, path: Path, name: str) -> None:
        """Writes the model file."""
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="headpond")
        model.ir_version = helper.find_min_ir_version_for(opsets, ignore_unknown=True)
        self._onnx.save(model, str(path))
