"""A pipeline bound to a client: apply, ingest, search, test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from headpond.errors import InputError
from headpond.inference.duration import parse_duration
from headpond.pipeline.callbacks import OnDeadLetter
from headpond.pipeline.case import CaseResult, run_tests
from headpond.pipeline.endpoint_settings import Judge
from headpond.pipeline.endpoints import apply
from headpond.pipeline.index import ensure, index_name
from headpond.pipeline.infer import dimensions
from headpond.pipeline.ingest import ingest
from headpond.pipeline.job import JobSettings
from headpond.pipeline.lint import Finding, check
from headpond.pipeline.plan.counting import Tokenizers
from headpond.pipeline.plan.plan import Plan, plan
from headpond.pipeline.plan.trial import Trial, trial
from headpond.pipeline.push import push
from headpond.pipeline.query.search import search
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import IndexSearches
from headpond.pipeline.replay import Replay, ReplayReport, replay
from headpond.pipeline.report import OnProgress, Report
from headpond.pipeline.sources import Given
from headpond.pipeline.sources.async_rows import AsyncRows
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.target import check_version


class Pipeline:
    """A pipeline on a target.

    Args:
        spec: what `headpond.pipeline.load.load` gives.
        client: an `Elasticsearch` client, see `headpond.connect`.
        tokenizers: finds the tokenizers of local models, so that plans count tokens exactly; `headpond.load` gives it.
        judge: reads settings of endpoints as their services do, for `lint`; `headpond.load` gives it.

    Attributes:
        spec: as given.
        client: as given.
        searcher: its query side.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        client: Elasticsearch,
        *,
        tokenizers: Tokenizers | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._tokenizers = tokenizers
        self._judge = judge
        self.spec = spec
        self.client = client
        self.searcher = Searcher(spec, client)

    def __repr__(self) -> str:
        return f"Pipeline({self.spec.name!r})"

    def apply(self, index: str | None = None) -> str:
        """Makes the endpoints and the index that do not exist, and checks those that do.

        Args:
            index: the index; None for the pipeline's own.

        Returns:
            The index's name.

        Raises:
            PipelineError: an endpoint or the index exists and does not fit; says what differs.
            TargetError: the target cannot be used or refuses an endpoint.
        """
        check_version(self.client)
        name = index_name(self.spec, index)
        endpoints = apply(self.client, self.spec)
        ensure(self.client, name, self.spec, endpoints, partial(dimensions, self.client))
        return name

    def ingest(
        self,
        *sources: Given,
        index: str | None = None,
        dead_letters: str | Path | None = None,
        id_field: str | None = None,
        settings: JobSettings | None = None,
        on_progress: OnProgress | None = None,
        on_dead_letter: OnDeadLetter | None = None,
        stop: threading.Event | None = None,
    ) -> Report:
        """Indexes records; those that the index already holds in the same form are passed over.

        Args:
            sources: paths, URLs of files, databases and indices, `index:NAME`, `-` for standard input, or iterables of
                dicts, async ones too.
            index: the index; None for the pipeline's own.
            dead_letters: where records go that cannot be indexed; None for a new file in the working directory.
            id_field: the field that holds ids; None for `_id`, else a hash of the record.
            settings: how the job is run; the two arguments above win over it.
            on_progress: called a few times a second with a `Snapshot`, in this thread.
            on_dead_letter: called with each record that cannot be indexed, as its letter says it, in this thread.
            stop: set from another thread, it ends the job early; the report then says that it is not complete.

        Raises:
            InputError, PipelineError, TargetError: nothing was written.
            IngestStoppedError, IngestInterrupted: ended early; `report` says how far it came.
        """
        settings = settings or JobSettings()
        if dead_letters is not None:
            settings = replace(settings, dead_letters=Path(dead_letters))
        if id_field is not None:
            settings = replace(settings, id_field=id_field)
        return ingest(
            self.spec,
            sources,
            self.client,
            index=index,
            settings=settings,
            on_progress=on_progress,
            on_dead_letter=on_dead_letter,
            stop=stop,
        )

    async def aingest(
        self,
        *sources: Given,
        on_progress: OnProgress | None = None,
        on_dead_letter: OnDeadLetter | None = None,
        **options: Any,
    ) -> Report:
        """`ingest` for async programs: the job runs in a thread, async sources and callbacks in the running loop.

        Cancelling it ends the job cleanly: what was read is written, the rest is left to the next run.

        Args:
            sources: as for `ingest`.
            on_progress: as for `ingest`; what it raises goes to the loop's exception handler.
            on_dead_letter: likewise.
            options: `index`, `dead_letters`, `id_field`, `settings` as for `ingest`.

        Raises:
            InputError, PipelineError, TargetError, IngestStoppedError: as `ingest`.
        """
        loop, stop = asyncio.get_running_loop(), threading.Event()
        given = [AsyncRows(one, loop, stop) if isinstance(one, AsyncIterable) else one for one in sources]
        callbacks: dict[str, Callable[..., None] | None] = {
            "on_progress": on_progress,
            "on_dead_letter": on_dead_letter,
        }
        for name, callback in callbacks.items():
            options[name] = callback and partial(loop.call_soon_threadsafe, callback)
        running = asyncio.ensure_future(asyncio.to_thread(self.ingest, *given, stop=stop, **options))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([running])
            raise

    def plan(
        self, *sources: Given, index: str | None = None, settings: JobSettings | None = None, sample: int = 0
    ) -> Plan:
        """What `ingest` would do and cost; nothing is written and, without a sample, no inference call is made.

        Args:
            sources: as for `ingest`; iterators are used up as far as they are read.
            index: the index; None for the pipeline's own.
            settings: how the job would be run.
            sample: records that are really embedded first, to measure time and tokens; 0 for none.

        Raises:
            InputError: a source cannot be opened or read.
            TargetError: the target cannot be used.
        """
        measured = self.sample(*sources, number=sample, settings=settings).measured if sample else None
        options: dict[str, Any] = {"index": index, "settings": settings, "tokenizers": self._tokenizers}
        return plan(self.spec, sources, self.client, measured=measured, **options)

    def sample(self, *sources: Given, number: int = 5, settings: JobSettings | None = None) -> Trial:
        """Runs a few records through the processors, with real inference calls; the index is left alone.

        Args:
            sources: as for `ingest`.
            number: of records.
            settings: how the job would be run.

        Raises:
            InputError, PipelineError, TargetError, JobError: as `ingest`.
        """
        return trial(self.spec, sources, self.client, number, settings=settings, tokenizers=self._tokenizers)

    def replay(
        self,
        *paths: str | Path,
        only: Mapping[str, str] | None = None,
        repair: Sequence[Mapping[str, Any]] = (),
        in_place: bool = False,
        overwrite: bool = False,
        index: str | None = None,
        dead_letters: str | Path | None = None,
        settings: JobSettings | None = None,
        on_progress: OnProgress | None = None,
    ) -> ReplayReport:
        """Sends dead letters through this pipeline again, except those whose documents the index has by now.

        Args:
            paths: files of dead letters.
            only: what letters must have to be chosen, as in `{"stage": "bulk"}`, see `headpond.pipeline.replay.Replay`.
            repair: processors that run before the pipeline's own.
            in_place: takes out of the files what is settled, and leaves there what failed again.
            overwrite: sends a letter though the index holds a newer document of its id.
            index: the index; None for the one that each letter names.
            dead_letters: where goes what fails again; None for a new file in the working directory.
            settings: how the job is run; `dead_letters` wins over it.
            on_progress: called a few times a second with a `Snapshot`.

        Raises:
            InputError: a file holds no letters.
            PipelineError, TargetError: as `ingest`.
            IngestStoppedError, IngestInterrupted: ended early; the files are as they were.
        """
        settings = settings or JobSettings()
        if dead_letters is not None:
            settings = replace(settings, dead_letters=Path(dead_letters))
        how = Replay(dict(only or {}), repair, in_place, overwrite)
        return replay(paths, self.client, how, spec=self.spec, index=index, settings=settings, on_progress=on_progress)

    def search(
        self,
        text: str,
        *,
        size: int = 10,
        from_: int = 0,
        filter: Mapping[str, Any] | None = None,
        index: str | None = None,
        deadline: str | None = None,
        explain: bool = False,
        on_piece: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """Searches; the answer is a `_search` answer.

        Args:
            text: the query in words.
            size: how many hits.
            from_: how many of the first hits to leave out.
            filter: a query that restricts the hits, as in `{"term": {"kind": "class"}}`.
            index: the index; None for the pipeline's own.
            deadline: how long the search may take, as in `300ms`; None for the pipeline's.
            explain: whether hits say in `_headpond.legs` what each leg of a compound retriever added.
            on_piece: takes the pieces of an answer that `completion` writes, while they come; another thread may call
                it.

        Returns:
            The answer. Ranked hits carry `_headpond` with `rank_before`, `score_before`, `rerank_score` and the
            `passage` that earned it, and what other processors add (`best_chunk`, `collapsed`, `diversify`, `legs`);
            `ext.completion` is what a `completion` wrote; `degraded` is there when a stage could not do its work, and
            says why.

        Raises:
            InputError: the text is blank, or the deadline is no time.
            PipelineError: the pipeline has no search, the target refuses it, or the vectors are another model's.
            TargetError: the target or the index is not there.
        """
        name = index_name(self.spec, index)
        searches = IndexSearches(self.client, name)
        seconds = None if deadline is None else _seconds(deadline)
        options: dict[str, Any] = {
            "size": size,
            "from_": from_,
            "filter": filter,
            "seconds": seconds,
            "explain": explain,
        }
        return search(self.searcher, searches, text, on_piece=on_piece, **options)

    def push(self) -> dict[str, dict[str, Any]]:
        """Installs the processors on the target as an ingest pipeline of this name, with those that it calls.

        Returns:
            The bodies that were installed, by id.

        Raises:
            PipelineError: a processor is one that Elasticsearch has not (names all of them), or the target refuses it.
            TargetError: an endpoint that processors ask is missing, or the target cannot be used.
        """
        return push(self.client, self.spec)

    def test(self) -> list[CaseResult]:
        """Runs the pipeline's `tests:`."""
        return list(run_tests(self.spec, self.client))

    def lint(self) -> list[Finding]:
        """What can be seen to be wrong without a target."""
        return check(self.spec, judge=self._judge)


def _seconds(deadline: str) -> float:
    try:
        seconds = parse_duration(deadline, "deadline")
    except ValueError as error:
        raise InputError(str(error), hint="valid: 300ms, 2s, ...") from None
    if seconds <= 0:
        raise InputError(f"a deadline is a time above zero, not {deadline}", hint="valid: 300ms, 2s, ...")
    return seconds
