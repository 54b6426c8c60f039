"""Embeds the texts of a batch of records: nothing twice, many in a request, several requests at once, poison found."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from elasticsearch import Elasticsearch

from headpond.errors import JobError
from headpond.pipeline.cache import EmbeddingCache
from headpond.pipeline.endpoints import TargetEndpoint
from headpond.pipeline.infer import PROBE, infer, size_of
from headpond.pipeline.report import Counters
from headpond.pipeline.retry import Failed, Retry, StopRequested, Verdict
from headpond.stages.inference import Embedding, InferenceFailure

Outcome = Embedding | InferenceFailure


@dataclass(frozen=True, slots=True)
class Pace:
    """How endpoints are called.

    Attributes:
        inputs: texts in a request at most.
        characters: characters in a request at most (one longer text goes alone).
        concurrency: requests at a time.
        timeout: how long the target may take for one, Elasticsearch time units.
        retry: what happens after failures.
    """

    inputs: int = 64
    characters: int = 200_000
    concurrency: int = 4
    timeout: str = "120s"
    retry: Retry = field(default_factory=Retry)


class BatchEmbedder:
    """The `Embedder` of a job; safe to use from several threads.

    Args:
        client: of the target.
        endpoints: all that the pipeline needs.
        cache: what is known already.
        counters: of the job.
        pace: limits.
        stop: set when the job is to end; work that has not begun is given up.
    """

    def __init__(
        self,
        client: Elasticsearch,
        endpoints: Mapping[str, TargetEndpoint],
        cache: EmbeddingCache,
        counters: Counters,
        pace: Pace,
        stop: threading.Event,
    ) -> None:
        # Retries are ours: counted, jittered, and ended by Ctrl-C.
        self._client = client.options(max_retries=0, retry_on_status=(), request_timeout=180)
        self._endpoints = endpoints
        self._cache = cache
        self._counters = counters
        self._pace = pace
        self._stop = stop
        self._pool = ThreadPoolExecutor(pace.concurrency, thread_name_prefix="headpond-inference")

    def close(self) -> None:
        """Gives up what has not begun and waits for the rest."""
        self._pool.shutdown(cancel_futures=True)

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Outcome]:
        """One outcome for each text, in order.

        Raises:
            JobError: the endpoint is gone, refuses access, or the target does not answer any more.
            StopRequested: the job is being stopped.
        """
        endpoint = self._endpoints[inference_id]
        wanted = list(dict.fromkeys(texts))
        outcomes: dict[str, Outcome] = {**self._cache.get(endpoint.fingerprint, wanted)}
        missing = [text for text in wanted if text not in outcomes]
        self._counters.add(cached=len(texts) - len(missing))
        futures = [self._submit(endpoint, batch) for batch in self._batches(missing)]
        try:
            for future in futures:
                outcomes |= future.result()
        except CancelledError:
            raise StopRequested from None
        finally:
            for future in futures:
                future.cancel()
        return [outcomes[text] for text in texts]

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

    def _submit(self, endpoint: TargetEndpoint, texts: list[str]) -> Future[dict[str, Outcome]]:
        try:
            return self._pool.submit(self._run, endpoint, texts, 0)
        except RuntimeError:  # the pool is closed
            raise StopRequested from None

    def _run(self, endpoint: TargetEndpoint, texts: list[str], attempts: int) -> dict[str, Outcome]:
        """Embeds one request's texts; when they are refused, halves them until the culprit is alone."""
        if self._stop.is_set():
            raise StopRequested
        try:
            embeddings, _ = self._pace.retry.call(
                lambda: self._call(endpoint, texts), self._stop, lambda: self._counters.add(retries=1)
            )
        except Failed as failed:
            return self._failed(endpoint, texts, attempts + failed.attempts, failed)
        except ValueError as error:
            raise JobError(str(error)) from None
        outcomes = dict(zip(texts, embeddings, strict=True))
        self._counters.add(inputs=len(texts))
        self._cache.put(endpoint.fingerprint, outcomes)
        return dict(outcomes)

    def _call(self, endpoint: TargetEndpoint, texts: list[str]) -> list[Embedding]:
        self._counters.add(requests=1)
        embeddings, tokens = infer(
            self._client,
            endpoint.inference_id,
            endpoint.task_type,
            texts,
            input_type="ingest",
            timeout=self._pace.timeout,
        )
        self._counters.add_tokens(tokens)
        return embeddings

    def _failed(self, endpoint: TargetEndpoint, texts: list[str], attempts: int, failed: Failed) -> dict[str, Outcome]:
        if failed.verdict is Verdict.ACCESS:
            raise JobError(f"endpoint [{endpoint.inference_id}] cannot be used: {failed.reason}")
        if failed.verdict is Verdict.UNREACHABLE:
            raise JobError(f"the target does not answer any more: {failed.reason}")
        if failed.verdict is Verdict.PASSING or len(texts) == 1:
            return dict.fromkeys(texts, InferenceFailure(failed.reason, attempts))
        half = len(texts) // 2
        first = self._run(endpoint, texts[:half], attempts)
        return first | self._run(endpoint, texts[half:], attempts)

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Requests within the limits; texts of like length go together, which spares models padding."""
        batch: list[str] = []
        characters = 0
        for text in sorted(texts, key=len):
            full = len(batch) >= self._pace.inputs or characters + len(text) > self._pace.characters
            if batch and full:
                yield batch
                batch, characters = [], 0
            batch.append(text)
            characters += len(text)
        if batch:
            yield batch
