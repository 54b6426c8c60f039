"""Embeds the texts of a job: nothing twice, in full requests, as many at a time as the endpoint bears, poison found."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import JobError
from headpond.pipeline.budget import Budget
from headpond.pipeline.cache import EmbeddingCache
from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.infer import PROBE, infer, size_of
from headpond.pipeline.pace import limits, tokens
from headpond.pipeline.pace.concurrency import first_limit
from headpond.pipeline.pace.gate import Gate
from headpond.pipeline.pace.lane import Lane
from headpond.pipeline.pace.pool import Pool
from headpond.pipeline.pace.rate import Rate, default_path
from headpond.pipeline.pace.settings import Pace as Pace
from headpond.pipeline.pace.verdict import Verdict, judge, never_sent
from headpond.pipeline.report import Counters
from headpond.pipeline.retry import UNCLEAR, Failed, StopRequested
from headpond.stages.inference import Embedding, InferenceFailure, Unasked

log = logging.getLogger("headpond.pipeline")

_ANYBODY = "is anybody there"

Outcome = Embedding | InferenceFailure


class BatchEmbedder:
    """The `Embedder` of a job; safe to use from several threads.

    Args:
        client: of the target.
        endpoints: all that the pipeline needs.
        cache: what is known already.
        counters: of the job.
        pace: how endpoints are called.
        stop: set when the job is to end; work that has not begun is given up.
        budget: charged for every request before it goes out; None sets no limits.

    Attributes:
        error: what ended the job, where it was an endpoint or the budget; None otherwise.
    """

    def __init__(
        self,
        client: Elasticsearch,
        endpoints: Mapping[str, TargetEndpoint],
        cache: EmbeddingCache,
        counters: Counters,
        pace: Pace,
        stop: threading.Event,
        *,
        budget: Budget | None = None,
    ) -> None:
        # Retries are ours: counted, jittered, and ended by Ctrl-C.
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=180)
        self._endpoints = endpoints
        self._cache = cache
        self._counters = counters
        self._pace = pace
        self._stop = stop
        self._budget = budget or Budget()
        counters.concurrency = self.concurrency
        target = client.transport.node_pool.all()[0].base_url
        self._held: set[str] = set()
        self.error: JobError | None = None
        self._lanes: dict[str, Lane[Outcome]] = {}
        self._gates: dict[str, Gate] = {}
        for inference_id, endpoint in endpoints.items():
            limit = limits.of(endpoint, pace)
            key = f"{target}\n{inference_id}"
            turns = Rate(default_path(), key, limit.requests_per_minute, limit.tokens_per_minute)
            start = first_limit(limit.requests_per_minute)
            gate = Gate(turns, pace.concurrency, stop, lambda: counters.add(throttled=1), start=start)
            pool = Pool(limit.inputs, limit.tokens, tokens.estimate)
            self._gates[inference_id] = gate
            self._lanes[inference_id] = Lane(pool, partial(self._send, endpoint), gate.limit, pace.concurrency, stop)

    def close(self, *, wait: bool = True) -> None:
        """Gives up what has not begun and waits for the rest, or leaves it to itself."""
        for lane in self._lanes.values():
            lane.close(wait=wait)
        for gate in self._gates.values():
            gate.close()

    @property
    def fingerprints(self) -> dict[str, str]:
        """The models behind the endpoints, by endpoint."""
        return {inference_id: endpoint.fingerprint for inference_id, endpoint in self._endpoints.items()}

    def concurrency(self) -> dict[str, int]:
        """Requests at a time that each endpoint gets now."""
        return {inference_id: gate.limit() for inference_id, gate in self._gates.items()}

    def of_window(self, number: int) -> OfWindow:
        """The same for the texts of one window, which are sent before those of later ones."""
        return OfWindow(self, number)

    def embed(self, inference_id: str, texts: Sequence[str], window: int = 0) -> list[Outcome]:
        """One outcome for each text, in order.

        Args:
            inference_id: the endpoint.
            texts: may repeat.
            window: the number of the window they are in.

        Raises:
            JobError: the endpoint is gone, refuses access, or the target does not answer any more.
            StopRequested: the job is being stopped.
        """
        fingerprint = self._endpoints[inference_id].fingerprint
        outcomes, sent = self._lanes[inference_id].ask(
            list(dict.fromkeys(texts)), lambda some: dict(self._cache.get(fingerprint, some)), window
        )
        self._counters.add(cached=len(texts) - sent)
        return [outcomes[text] for text in texts]

    def embed_some_of(self, window: int, inference_id: str, texts: Sequence[str]) -> list[Outcome]:
        """As `embed`, but where the job has to end, texts that were not asked by then are `Unasked`."""
        fingerprint = self._endpoints[inference_id].fingerprint
        outcomes, sent, error = self._lanes[inference_id].ask_some(
            list(dict.fromkeys(texts)), lambda some: dict(self._cache.get(fingerprint, some)), window
        )
        if error is not None and not isinstance(error, StopRequested | JobError):
            raise error
        self._counters.add(cached=sum(text in outcomes for text in texts) - sent if error is None else 0)
        unasked = Unasked("the job ended before", 0)
        return [outcomes.get(text, unasked) for text in texts]

    def dimensions(self, endpoint: TargetEndpoint) -> int:
        """The dimensions of a dense endpoint: as the target shows them, else by embedding a word, once and for all.

        Raises:
            JobError: the endpoint does not embed.
        """
        if endpoint.dimensions is not None:
            return endpoint.dimensions
        outcome = self.embed(endpoint.inference_id, [PROBE])[0]
        if isinstance(outcome, InferenceFailure):
            raise JobError(f"endpoint [{endpoint.inference_id}] does not embed: {outcome.error}")
        return size_of(outcome, endpoint)

    def _send(self, endpoint: TargetEndpoint, texts: list[str]) -> dict[str, Outcome]:
        """Embeds one request's texts; an error that no text is to blame for ends the job."""
        try:
            return self._run(endpoint, texts)
        except JobError as error:
            self.error = self.error or error
            self._stop.set()
            raise

    def _run(
        self, endpoint: TargetEndpoint, texts: list[str], attempts: int = 0, *, suspected: bool = False
    ) -> dict[str, Outcome]:
        """Embeds one request's texts; when they are refused, halves them until the culprit is alone.

        Args:
            endpoint: to ask.
            texts: each once.
            attempts: requests that these texts were in already.
            suspected: whether one of them is known to be to blame, so that throttles are not waited out.
        """
        if self._stop.is_set():
            raise StopRequested
        began = time.monotonic()
        retry = self._pace.retry
        if suspected:
            retry = replace(retry, attempts=min(UNCLEAR, retry.attempts))
        try:
            embeddings, _ = retry.call(
                lambda: self._call(endpoint, texts),
                self._stop,
                lambda: self._counters.add(retries=1),
                unclear=UNCLEAR if len(texts) == 1 else 2,  # a text alone is given up for good
                hold=lambda failed: not suspected and self._holds(endpoint, began, failed),
            )
        except Failed as failed:
            if failed.verdict.passes and not suspected:
                self._check_alive(endpoint, began, failed)
            return self._failed(endpoint, texts, attempts + failed.attempts, failed)
        except ValueError as error:
            raise JobError(str(error)) from None
        outcomes = dict(zip(texts, embeddings, strict=True))
        self._counters.add(inputs=len(texts))
        self._cache.put(endpoint.fingerprint, outcomes)
        return dict(outcomes)

    def _call(self, endpoint: TargetEndpoint, texts: list[str]) -> list[Embedding]:
        cost = sum(map(tokens.estimate, texts))
        return self._gates[endpoint.inference_id].call(cost, lambda: self._request(endpoint, texts, cost))

    def _request(self, endpoint: TargetEndpoint, texts: list[str], cost: int) -> list[Embedding]:
        self._budget.charge(endpoint.inference_id, cost, 1)
        self._counters.add(requests=1)
        try:
            with self._counters.telemetry.inference(endpoint.inference_id, len(texts), cost):
                embeddings, spent = infer(
                    self._client,
                    endpoint.inference_id,
                    endpoint.task_type,
                    texts,
                    input_type="ingest",
                    timeout=self._pace.timeout,
                )
        except ApiError as error:
            if judge(error) is Verdict.THROTTLED:  # nobody bills what was turned away
                self._budget.correct(endpoint.inference_id, cost, 0)
            raise
        except TransportError as error:
            if never_sent(error):
                self._budget.correct(endpoint.inference_id, cost, 0)
            raise
        self._counters.add_tokens(spent)
        if spent is not None:
            self._budget.correct(endpoint.inference_id, cost, spent)
        return embeddings

    def _failed(self, endpoint: TargetEndpoint, texts: list[str], attempts: int, failed: Failed) -> dict[str, Outcome]:
        if failed.verdict is Verdict.ACCESS:
            raise JobError(f"endpoint [{endpoint.inference_id}] cannot be used: {failed.reason}")
        if failed.verdict is Verdict.UNREACHABLE:
            raise JobError(f"the target does not answer any more: {failed.reason}")
        if len(texts) == 1:
            return {texts[0]: InferenceFailure(failed.reason, attempts)}
        half = len(texts) // 2
        suspected = failed.verdict.passes
        first = self._run(endpoint, texts[:half], attempts, suspected=suspected)
        return first | self._run(endpoint, texts[half:], attempts, suspected=suspected)

    def _holds(self, endpoint: TargetEndpoint, began: float, failed: Failed) -> bool:
        """Whether a throttled request goes on trying; says so once."""
        if failed.verdict is not Verdict.THROTTLED or time.monotonic() - began >= self._pace.patience:
            return False
        if endpoint.inference_id not in self._held:
            self._held.add(endpoint.inference_id)
            log.warning(
                "endpoint [%s] refuses requests again and again, they are held back for up to %.0f s each: %s",
                endpoint.inference_id, self._pace.patience, failed.reason,
            )  # fmt: skip
        return True

    def _check_alive(self, endpoint: TargetEndpoint, began: float, failed: Failed) -> None:
        """Asks whether it is the endpoint that fails, or some text of a request: if nothing is answered, nobody's text.

        Raises:
            JobError: it answers nothing at all.
        """
        if failed.verdict is Verdict.UNREACHABLE or self._gates[endpoint.inference_id].answered_since(began):
            return
        try:
            self._pace.retry.call(lambda: self._call(endpoint, [_ANYBODY]), self._stop, lambda: None)
        except Failed:
            raise JobError(
                f"endpoint [{endpoint.inference_id}] has answered nothing for "
                f"{time.monotonic() - began:,.0f} s: {failed.reason}"
            ) from None


@dataclass(frozen=True, slots=True)
class OfWindow:
    """The `Embedder` of one window.

    Attributes:
        embedder: of the job.
        number: of the window.
    """

    embedder: BatchEmbedder
    number: int

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Outcome]:
        """As `BatchEmbedder.embed`."""
        return self.embedder.embed(inference_id, texts, self.number)

    def embed_some(self, inference_id: str, texts: Sequence[str]) -> list[Outcome]:
        """As `BatchEmbedder.embed_some_of`."""
        return self.embedder.embed_some_of(self.number, inference_id, texts)
