"""A rerank endpoint as `rerank` asks it: for as many texts as fit into the time, and with words for what fails."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from headpond.stages.inference import QueryInference, failure
from headpond.stages.response._depth import Depth


class UnrankedError(Exception):
    """An endpoint did not rank; the message says why."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """One endpoint.

    Attributes:
        inference_id: its id.
        window: hits that it ranks at most.
        share: of the time that is left, which it may take.
        min_score: the least score of a hit that is kept; None keeps all.
        depth: learns how many texts fit into a time; None asks for all of them.
    """

    inference_id: str
    window: int
    share: float
    min_score: float | None
    depth: Depth | None

    def fitting(self, texts: Sequence[int], seconds: float) -> int:
        """How many of the first hits it can rank in a time, at least one.

        Args:
            texts: of each hit.
            seconds: the time there is.
        """
        if self.depth is None:
            return len(texts)
        room = self.depth.fitting(seconds)
        count = 0
        for number in texts:
            room -= number
            if room < 0:
                break
            count += 1
        return max(1, count)

    def scores(
        self, inference: QueryInference, query: str, texts: Sequence[str], *, seconds: float, said: str
    ) -> list[float]:
        """One score for each text, all of them finite.

        Args:
            inference: asks the endpoint.
            query: what the texts are ranked for.
            texts: at least one.
            seconds: the time there is.
            said: that time in words.

        Raises:
            UnrankedError: the endpoint is down, late, or answers nonsense.
        """
        started = time.monotonic()
        try:
            answer = inference.rerank(self.inference_id, query, texts, seconds=seconds)
        except TimeoutError:
            if self.depth is not None and seconds > 0:
                self.depth.late(seconds, len(texts))
            raise UnrankedError(f"no answer of [{self.inference_id}] within {said}") from None
        except Exception as error:
            raise UnrankedError(failure(self.inference_id, error)) from error
        if len(answer) != len(texts) or not all(math.isfinite(score) for score in answer):
            got = f"{len(answer)} scores for {len(texts)} texts, or no numbers"
            raise UnrankedError(f"[{self.inference_id}] answered nonsense: {got}")
        if self.depth is not None:
            self.depth.took(time.monotonic() - started, len(texts))
        return answer
