"""Texts through one graph: packed, run side by side, brought back into order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from headpond.models.packing import padded, spread
from headpond.models.session import Session, parallel
from headpond.models.tokenizer import Encoded

R = TypeVar("R")
LARGEST_BATCH = 32


class Runner:
    """Runs a session over encoded texts.

    Args:
        session: the graph.
        threads: batches that run at once.
        budget: most tokens of a batch, padding included; bounds memory.
    """

    def __init__(self, session: Session, *, threads: int, budget: int) -> None:
        self.session = session
        self.threads = threads
        self.budget = budget

    def run(
        self, encoded: Sequence[Encoded], output: str, take: Callable[[npt.NDArray[np.float32], int, Encoded], R]
    ) -> list[R]:
        """`take(batch_output, row, text)` of every text, in the order given.

        Args:
            encoded: the texts' tokens.
            output: name of the graph's output, first axis the batch.
            take: cuts one text's result out of a batch's output; it must copy what it keeps.
        """
        lengths = [len(text.ids) for text in encoded]
        batches = spread(lengths, budget=self.budget, largest=LARGEST_BATCH, threads=self.threads)

        def run_one(batch: list[int]) -> list[R]:
            texts = [encoded[index] for index in batch]
            result = self.session.run(output, self._feeds(texts))
            return [take(result, row, text) for row, text in enumerate(texts)]

        found: dict[int, R] = {}
        for batch, results in zip(batches, parallel(run_one, batches, self.threads), strict=True):
            found.update(zip(batch, results, strict=True))
        return [found[index] for index in range(len(encoded))]

    def _feeds(self, texts: Sequence[Encoded]) -> dict[str, npt.NDArray[np.int64]]:
        ids, lengths = padded([text.ids for text in texts])
        feeds: dict[str, npt.NDArray[np.int64]] = {"input_ids": ids}
        if "lengths" in self.session.inputs:
            feeds["lengths"] = lengths
        if "attention_mask" in self.session.inputs:
            feeds["attention_mask"] = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
        if "token_type_ids" in self.session.inputs:
            feeds["token_type_ids"] = padded([text.types for text in texts])[0]
        if "position_ids" in self.session.inputs:
            feeds["position_ids"] = np.tile(np.arange(ids.shape[1]), (len(ids), 1))
        return feeds
