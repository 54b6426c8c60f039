"""Runs the processors over records without calling an endpoint, and notes which texts would be sent."""

from __future__ import annotations

import hashlib
import random
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from headpond import exact_json
from headpond.pipeline import identity
from headpond.pipeline.context import context
from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.inference import Embedding, InferenceFailure
from headpond.stages.record import Record

WINDOW = 500
KEPT = 5_000
"""Texts of each endpoint that are kept to be tokenised."""

Unchanged = Callable[[Sequence[Record]], set[int]]
Known = Callable[[str, Sequence[str]], Mapping[str, object]]


@dataclass(slots=True)
class Texts:
    """What one endpoint would be sent.

    Attributes:
        number: texts that differ and are not known.
        letters: they have.
        again: texts that are in the cache, or the same as an earlier one.
        kept: an even choice of them.
        by_record: letters of each record that was surveyed, in order: a few records say how even the rest may be.
    """

    number: int = 0
    letters: int = 0
    again: int = 0
    kept: list[str] = field(default_factory=list)
    by_record: list[int] = field(default_factory=list)


class Survey:
    """Takes records and notes.

    Args:
        spec: the pipeline.
        endpoints: all that it needs, those not made yet included.
        does: see `identity.of_pipeline`; None when an endpoint is not made yet, so nothing can be unchanged.
        id_field: the field that holds ids.
        unchanged: asks the index; None when there is none.
        known: asks the cache; None when there is none.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        endpoints: Mapping[str, TargetEndpoint],
        does: bytes,
        *,
        id_field: str | None,
        unchanged: Unchanged | None,
        known: Known | None,
    ) -> None:
        self._spec = spec
        self._endpoints = endpoints
        self._does = does
        self._id_field = id_field
        self._unchanged = unchanged
        self._known = known
        self._window: list[tuple[Record, int]] = []
        self._seen: dict[str, set[bytes]] = {name: set() for name in endpoints}
        self._chance = random.Random(0)
        self.texts: dict[str, Texts] = {name: Texts() for name in spec.processors.endpoints()}
        self.sizes: list[int] = []
        self.unchanged = 0
        self.dropped = 0
        self.failures: Tally[str] = Tally()

    def take(self, raw: bytes) -> None:
        """One more record, as JSON."""
        record = Record(exact_json.loads(raw))
        try:
            identity.name(record, self._does, id_field=self._id_field)
        except ValueError as error:
            self.failures[f"source: {error}"] += 1
            return
        self._window.append((record, len(raw)))
        if len(self._window) >= WINDOW:
            self.flush()

    def flush(self) -> None:
        """Works through what has been taken."""
        window, self._window = self._window, []
        records = [record for record, _ in window]
        same = self._unchanged(records) if self._unchanged is not None and records else set()
        self.unchanged += len(same)
        asked: list[dict[str, list[str]]] = []
        for place, record in enumerate(records):
            collected = _Collected(self._endpoints)
            if place not in same:
                self._spec.processors.run([record], context(collected))
                self.dropped += record.dropped
                if record.failure is not None:
                    self.failures[f"{record.failure.stage}: {record.failure.error}"] += 1
            asked.append(collected.texts)
        self.sizes += [size for _, size in window]
        for name, texts in self.texts.items():
            self._note(name, texts, [one.get(name, []) for one in asked])

    def _note(self, name: str, texts: Texts, asked: list[list[str]]) -> None:
        every = list(dict.fromkeys(text for one in asked for text in one))
        known = self._known(self._endpoints[name].fingerprint, every) if self._known is not None else {}
        seen = self._seen[name]
        for one in asked:
            letters = 0
            for text in one:
                key = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=12).digest()
                if text in known or key in seen:
                    texts.again += 1
                    continue
                seen.add(key)
                letters += len(text)
                texts.number += 1
                self._keep(texts, text)
            texts.by_record.append(letters)
            texts.letters += letters

    def _keep(self, texts: Texts, text: str) -> None:
        if len(texts.kept) < KEPT:
            texts.kept.append(text)
        elif (place := self._chance.randrange(texts.number)) < KEPT:
            texts.kept[place] = text


class _Collected:
    """An embedder that only notes what it is asked."""

    def __init__(self, endpoints: Mapping[str, TargetEndpoint]) -> None:
        self._endpoints = endpoints
        self.texts: dict[str, list[str]] = {}

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Embedding | InferenceFailure]:
        """Something of the right kind for each text; a completion is about as long as a paragraph."""
        self.texts.setdefault(inference_id, []).extend(texts)
        endpoint = self._endpoints[inference_id]
        made: Embedding
        if endpoint.task_type == "sparse_embedding":
            made = {"token": 1.0}
        elif endpoint.task_type == "text_embedding":
            made = np.zeros(endpoint.dimensions or 1, np.float32)
        else:
            made = "word " * 60
        return [made for _ in texts]
