"""Running TorchScript, for models that Eland uploaded and for nothing else.

DANGER. A TorchScript file is a program. `torch.jit.load` runs code that is inside the file, in this process and with
its rights, and so does every call of the model. Whoever can upload a model to the pond can therefore make it compute
whatever they like. So:

* only a definition that a user of this pond uploaded through `_ml/trained_models` and deployed by name is ever loaded;
  nothing from the model store, a pipeline, a hub or a folder reaches this module;
* files whose code reads or writes files (`aten::save`, `aten::from_file`, which Elasticsearch forbids too) are refused
  before anything of them is run, and so are files that unpack to more than they weigh;
* that is no sandbox: do not let people upload models whom you would not let run programs on the machine.

`weights_only` has no part here: it guards `torch.load`, which reads pickles, and is not called.
"""

from __future__ import annotations

import re
import threading
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from headpond.errors import ModelError
from headpond.models.extra import need
from headpond.models.session import default_threads

FORBIDDEN = re.compile(rb"\b(save|from_file)\b")
"""Names in a model's code that are its only ways to files; a model for inference has no use for them."""

UNPACKED = 64 * 1024 * 1024
"""Bytes a file may unpack to beyond twice its size; TorchScript files are stored, not compressed."""

_lock = threading.Lock()


class TorchScript:
    """A loaded model; read the warning of this module. Calls may come from several threads.

    Args:
        path: the definition as `torch.jit.save` wrote it.

    Raises:
        MissingExtraError: torch is not installed.
        ModelError: the file is no TorchScript, reads or writes files, or cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        self._torch: Any = need("torch", "running a model that Eland uploaded", extra="torch")
        look_through(path)
        with _lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls its own format deprecated
            self._torch.set_num_threads(default_threads())
            try:
                self._module: Any = self._torch.jit.load(str(path), map_location="cpu").eval()
                self._inputs = len(self._module.forward.schema.arguments) - 1
            except Exception as error:  # torch raises what it likes
                raise ModelError(f"the TorchScript cannot be loaded: {_first_line(error)}") from error

    def run(self, ids: Sequence[int], types: Sequence[int]) -> npt.NDArray[np.float32]:
        """What the model gives for one text.

        Elasticsearch's process hands a model its inputs by position: token ids, attention mask, segments, positions. A
        model takes the first two, three or all. Texts are never put together: a traced model may have taken the one
        text it was traced with for a constant.

        Args:
            ids: token ids, special ones included.
            types: the segment of each token.

        Returns:
            float32, without the axis of the batch: [dims], [vocabulary], [labels] or [tokens, vocabulary].

        Raises:
            ModelError: the model fails, or gives something else than a tensor.
        """
        torch = self._torch
        row = torch.tensor([list(ids)], dtype=torch.int64)
        segments = torch.tensor([list(types)], dtype=torch.int64)
        inputs = (row, torch.ones_like(row), segments, torch.arange(len(ids))[None])
        try:
            with torch.inference_mode():
                output = self._module(*inputs[: self._inputs])
        except Exception as error:  # as above
            raise ModelError(f"Error in inference process: [{_first_line(error)}]") from error
        while isinstance(output, tuple | list) and len(output):
            output = output[0]
        if not isinstance(output, torch.Tensor) or output.ndim < 2:
            raise ModelError(f"the model gives {type(output).__name__} for a text, not a tensor with an axis for texts")
        result: npt.NDArray[np.float32] = output[0].to(torch.float32).numpy()
        return result


def look_through(path: Path) -> None:
    """Refuses what is no TorchScript archive, or one whose code touches files; runs nothing of it and needs no torch.

    Raises:
        ModelError: says what it is.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":  # torch knows a second format, which would not be looked through here
                raise ModelError("the definition is no TorchScript archive")
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len({entry.filename for entry in entries}) < len(entries):
                raise ModelError("the TorchScript archive holds a file twice")
            if sum(entry.file_size for entry in entries) > 2 * path.stat().st_size + UNPACKED:
                raise ModelError("the TorchScript archive unpacks to much more than its size")
            for entry in entries:
                found = FORBIDDEN.search(archive.read(entry)) if entry.filename.endswith(".py") else None
                if found is not None:
                    raise ModelError(
                        f"the TorchScript uses {found[1].decode()!r}, which reads or writes files: refused",
                        hint="a model for inference does not need it; do not run this one",
                    )
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ModelError(f"the definition is no TorchScript archive: {error}") from error


def _first_line(error: Exception) -> str:
    """The last thing torch says; before it stands a trace through the model's code."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
