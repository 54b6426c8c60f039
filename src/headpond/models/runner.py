"""Texts through one graph: packed, run side by side, brought back into order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from headpond.inference.deadline import Deadline
from headpond.models.packing import padded, spread
from headpond.models.session import Session, parallel
from headpond.models.together import Together
from headpond.models.tokenizer import Encoded

R = TypeVar("R")
LARGEST_BATCH = 32


Take = Callable[[npt.NDArray[np.float32], int, Encoded], R]
"""Cuts one text's result out of a batch's output (batch output, row, text); it must copy what it keeps."""


class Runner:
    """Runs a session over encoded texts.

    With float32 products a result does not depend on the texts beside it, so what several callers want at the same time
    goes through the graph together. Quantised graphs take their scales from the whole batch (measured: MiniLM's vectors
    of one text, alone and in company, have a cosine of 0.99): there each call is a run of its own, so that the same
    request has the same answer, however busy the process is.

    Args:
        session: the graph.
        threads: batches that run at once.
        budget: most tokens of a batch, padding included; bounds memory.
        exact: whether results do not depend on the texts beside them.
    """

    def __init__(self, session: Session, *, threads: int, budget: int, exact: bool = False) -> None:
        self.session = session
        self.threads = threads
        self.budget = budget
        self.exact = exact
        self._lock = threading.Lock()
        self._together: dict[str, Together[tuple[Encoded, Take[Any]], Any]] = {}

    def run(
        self,
        encoded: Sequence[Encoded],
        output: str,
        take: Take[R],
        *,
        apart: bool = False,
        deadline: Deadline | None = None,
    ) -> list[R]:
        """`take(batch_output, row, text)` of every text, in the order given.

        Args:
            encoded: the texts' tokens.
            output: name of the graph's output, first axis the batch.
            take: cuts one text's result out of a batch's output.
            apart: each text has a batch of its own, unless the graph is exact.
            deadline: looked at before each batch.

        Raises:
            TimeoutError: the deadline passed.
        """
        _check(deadline)
        if self.exact and 0 < len(encoded) <= LARGEST_BATCH and sum(len(text.ids) for text in encoded) <= self.budget:
            return self._gathered(output).ask([(text, take) for text in encoded])
        largest = 1 if apart and not self.exact else LARGEST_BATCH
        return self._run(encoded, output, [take] * len(encoded), largest, deadline)

    def _gathered(self, output: str) -> Together[tuple[Encoded, Take[Any]], Any]:
        with self._lock:
            if output not in self._together:

                def run(items: list[tuple[Encoded, Take[Any]]]) -> list[Any]:
                    return self._run(
                        [text for text, _ in items], output, [take for _, take in items], LARGEST_BATCH, None
                    )

                self._together[output] = Together(run, self.threads)
            return self._together[output]

    def _run(
        self,
        encoded: Sequence[Encoded],
        output: str,
        takes: Sequence[Take[R]],
        largest: int,
        deadline: Deadline | None,
    ) -> list[R]:
        lengths = [len(text.ids) for text in encoded]
        batches = spread(lengths, budget=self.budget, largest=largest, threads=self.threads)

        def run_one(batch: list[int]) -> list[R]:
            _check(deadline)
            texts = [encoded[index] for index in batch]
            result = self.session.run(output, self._feeds(texts))
            return [takes[index](result, row, encoded[index]) for row, index in enumerate(batch)]

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


def _check(deadline: Deadline | None) -> None:
    if deadline is not None and deadline.passed:
        raise TimeoutError(f"the model was still running after {deadline}")
