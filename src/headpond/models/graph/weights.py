"""The tensors of a safetensors file under one set of names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from headpond.errors import ModelError
from headpond.models.extra import need

Array = npt.NDArray[Any]


class Weights:
    """Tensors by their name inside BERT, whatever prefix the file gives them.

    Checkpoints name one tensor differently: `bert.embeddings...` and `embeddings...`, `LayerNorm.gamma` and
    `LayerNorm.weight`. Here a name has no model prefix and ends in `weight` or `bias`.

    Args:
        path: a `.safetensors` file.

    Raises:
        ModelError: the file is not a safetensors file.
    """

    def __init__(self, path: Path) -> None:
        numpy_loader = need("safetensors.numpy", "reading model weights")
        error_type = need("safetensors", "reading model weights").SafetensorError
        # bfloat16 is no numpy type of its own; ml_dtypes (a dependency of onnx) registers it
        need("ml_dtypes", "reading model weights")
        try:
            tensors: dict[str, Array] = numpy_loader.load_file(path)
        except (error_type, OSError, ValueError) as error:
            raise ModelError(f"{path} cannot be read as safetensors: {error}") from error
        self.path = path
        self._tensors = {_plain(name): tensor for name, tensor in tensors.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        """The tensor as float32.

        Raises:
            ModelError: the file has no such tensor.
        """
        if name not in self._tensors:
            raise ModelError(
                f"{self.path} has no tensor {name!r}",
                hint="supported are BERT-family checkpoints: encoder, masked-language-model and cross-encoder heads",
            )
        return np.asarray(self._tensors[name], dtype=np.float32)


def _plain(name: str) -> str:
    for prefix in ("bert.", "model."):
        name = name.removeprefix(prefix)
    if name.endswith(".gamma"):
        return name.removesuffix("gamma") + "weight"
    if name.endswith(".beta"):
        return name.removesuffix("beta") + "bias"
    return name
