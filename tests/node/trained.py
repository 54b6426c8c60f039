"""Uploading trained models in tests, and what runs them.

Where torch is installed the models are TorchScript and torch runs them. Everywhere else a stand-in takes torch's place
and nothing else: it reads the same numbers from the uploaded file and computes the same from the same token ids.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import ModelError
from tests.models.tiny import VOCABULARY

Array = npt.NDArray[np.float32]
CONFIGS: dict[str, dict[str, Any]] = {
    "text_embedding": {
        "tokenization": {"bert": {"max_sequence_length": 16, "do_lower_case": True}},
        "embedding_size": 4,
    },
    "text_expansion": {"tokenization": {"bert": {"max_sequence_length": 16, "do_lower_case": True}}},
    "text_similarity": {
        "tokenization": {"bert": {"max_sequence_length": 16, "truncate": "second", "do_lower_case": True}}
    },
}
INPUT = {"field_names": ["text_field"]}
WIDTHS = {"text_embedding": 4, "text_expansion": len(VOCABULARY), "text_similarity": 1}


def table(task: str, seed: int = 0) -> Array:
    """A row for each token of the tiny vocabulary."""
    return np.random.default_rng(seed).standard_normal((len(VOCABULARY), WIDTHS[task])).astype(np.float32)


def expected(task: str, ids: Sequence[int], seed: int = 0) -> Any:
    """What a model of `definition` answers for token ids: the mean of the rows, SPLADE's weights, or their sum."""
    rows = table(task, seed)[list(ids)]
    if task == "text_embedding":
        return rows.mean(axis=0)
    if task == "text_similarity":
        return float(rows.sum())
    weights = np.log1p(np.maximum(rows.max(axis=0), 0))
    return {word: float(weight) for word, weight in zip(VOCABULARY, weights, strict=True) if weight > 0}


class StandIn:
    """Takes torch's place: the definition is an .npz of a table and the task."""

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as kept:
                self._table, self._task = kept["table"], str(kept["task"])
        except Exception as error:
            raise ModelError("the definition is no TorchScript archive") from error

    def run(self, ids: Sequence[int], types: Sequence[int]) -> Array:
        rows: Array = self._table[list(ids)]
        if self._task == "text_embedding":
            return rows.mean(axis=0)
        return rows if self._task == "text_expansion" else rows.sum(axis=0)


def stand_in_definition(task: str, seed: int = 0, *, padding: int = 0) -> bytes:
    """A definition for the stand-in, with that many bytes more than it needs."""
    file = io.BytesIO()
    np.savez(file, table=table(task, seed), task=np.array(task), padding=np.zeros(padding, np.uint8))
    return file.getvalue()


def torch_definition(task: str, seed: int = 0) -> bytes:
    """The same model as TorchScript."""
    import warnings

    import torch

    class Lookup(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows = torch.nn.Parameter(torch.from_numpy(table(task, seed)))

        def forward(self, ids: Any, mask: Any, types: Any, positions: Any) -> Any:
            rows = self.rows[ids] * mask[:, :, None] + 0 * (types + positions)[:, :, None]
            if task == "text_embedding":
                return rows.mean(dim=1)
            return (rows,) if task == "text_expansion" else (rows.sum(dim=1),)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its own format deprecated
        sample = torch.tensor([[2, 6, 3]])
        traced = torch.jit.trace(Lookup().eval(), (sample, torch.ones_like(sample), sample * 0, torch.arange(3)[None]))
        file = io.BytesIO()
        torch.jit.save(traced, file)
    return file.getvalue()


def configured(client: Elasticsearch, model_id: str = "m", task: str = "text_embedding", **more: Any) -> dict[str, Any]:
    """Makes a model without definition and vocabulary, and gives the answer."""
    config = more.pop("config", None) or CONFIGS[task]
    answer = client.ml.put_trained_model(
        model_id=model_id, model_type="pytorch", input=INPUT, inference_config={task: config}, **more
    )
    return dict(answer.body)


def upload(
    client: Elasticsearch,
    model_id: str,
    task: str,
    definition: bytes,
    *,
    parts: int = 3,
    config: Any = None,
    **more: Any,
) -> None:
    """Uploads a model as Eland does: configuration, parts of the definition, vocabulary."""
    configured(client, model_id, task, config=config, **more)
    put_parts(client, model_id, definition, parts=parts)
    client.ml.put_trained_model_vocabulary(model_id=model_id, vocabulary=VOCABULARY)


def put_parts(
    client: Elasticsearch, model_id: str, definition: bytes, *, parts: int, only: Sequence[int] | None = None
) -> None:
    """Uploads the parts of a definition, or some of them in this order."""
    size = -(-len(definition) // parts)
    for number in range(parts) if only is None else only:
        content = definition[number * size : (number + 1) * size]
        client.ml.put_trained_model_definition_part(
            model_id=model_id,
            part=number,
            definition=base64.b64encode(content).decode(),
            total_definition_length=len(definition),
            total_parts=parts,
        )


def error_of(caught: Any) -> dict[str, Any]:
    """Type, reason and status of an error answer."""
    body = caught.value.body
    body = json.loads(body) if isinstance(body, str) else body
    return {"type": body["error"]["type"], "reason": body["error"]["reason"], "status": body["status"]}


@dataclass(frozen=True)
class Runtime:
    """What runs uploaded models in a test."""

    name: str

    def definition(self, task: str, seed: int = 0) -> bytes:
        """A model that it can run."""
        return torch_definition(task, seed) if self.name == "torch" else stand_in_definition(task, seed)


def start(client: Elasticsearch, model_id: str = "m", **params: Any) -> dict[str, Any]:
    return dict(client.ml.start_trained_model_deployment(model_id=model_id, timeout="2m", **params).body)


RUNTIMES = [pytest.param("stand-in"), pytest.param("torch", marks=pytest.mark.torch)]


def runtime_named(name: str, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The runtime, in place; skips where torch is wanted and not installed."""
    if name == "torch":
        needs_torch()
    else:
        monkeypatch.setattr("headpond.models.uploaded.TorchScript", StandIn)
    return Runtime(name)


def needs_torch() -> None:
    """Skips a test, and says why, where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: pip install 'headpond[torch]'")
