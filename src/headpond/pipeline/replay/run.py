"""`replay`: one job for every pipeline and index that letters belong to."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from headpond.errors import InputError, JobError, PipelineError
from headpond.pipeline import cache, dead_letters, identity
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.endpoints import apply
from headpond.pipeline.held import CacheAndHolder, Held, LetterHolder
from headpond.pipeline.index import index_name
from headpond.pipeline.ingest import ingest
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import load
from headpond.pipeline.replay.letters import Group
from headpond.pipeline.replay.remaining import Remaining, empty
from headpond.pipeline.replay.report import ReplayReport
from headpond.pipeline.replay.scan import Scan, scan
from headpond.pipeline.replay.source import LetterSource
from headpond.pipeline.report import Counters, OnProgress, Report
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.target import check_version
from headpond.pipeline.unchanged import Unchanged
from headpond.stages.chain import Chain
from headpond.stages.where import Where


@dataclass(frozen=True, slots=True)
class Replay:
    """How letters are replayed.

    Attributes:
        only: what a letter must have to be chosen, as in `{"stage": "bulk"}`; `stage`, `source`, `index`, `pipeline`
            and `id` are compared (`inference` is every stage of that processor), `error` and `reason` are searched.
        repair: processors that change a record before the pipeline sees it; `drop` gives it up.
        in_place: takes out of the files what is settled, and leaves there what failed again.
        overwrite: sends a letter though the index holds a newer document of its id.
        repair_where: the place of `repair`, for errors.
    """

    only: Mapping[str, str] = field(default_factory=dict)
    repair: Sequence[Mapping[str, Any]] = ()
    in_place: bool = False
    overwrite: bool = False
    repair_where: Where = field(default_factory=Where)


def replay(
    paths: Sequence[str | Path],
    client: Elasticsearch,
    how: Replay | None = None,
    *,
    spec: PipelineSpec | None = None,
    index: str | None = None,
    settings: JobSettings | None = None,
    on_progress: OnProgress | None = None,
) -> ReplayReport:
    """Sends dead letters through their pipeline again, except those whose documents the index has by now.

    A document that was written after all is not written twice, a newer one is not overwritten, and of several letters
    for one document the last counts. Vectors that a letter holds are used again.

    Args:
        paths: files of dead letters.
        client: of the target.
        how: which letters, and what to do with them.
        spec: the pipeline; None for the one that each letter names.
        index: the index; None for the one that each letter names.
        settings: how the jobs are run; `dead_letters` is where goes what fails again, unless it stays in place.
        on_progress: as for `ingest`.

    Raises:
        InputError: a file holds no letters, or names a pipeline that is not there.
        PipelineError: a pipeline does not fit the target, or the repair is wrong.
        TargetError: the target cannot be used.
        IngestStoppedError, IngestInterrupted: a job ended early; the files are as they were.
    """
    how, settings = how or Replay(), settings or JobSettings()
    repair = _repair(how)
    found = scan([Path(path) for path in paths], how.only)
    _check_new_file(settings, how, found)
    specs = [spec or _load(group, found) for group in found.groups]
    check_version(client)
    path = _new_file(settings, specs)
    reports: list[Report] = []
    sources: list[LetterSource] = []
    with ExitStack() as stack:
        own = None
        if how.in_place:
            own = {file.path: DeadLetters(_failed(file.path)) for file in found.files}
            for kept in own.values():
                kept.remove()
                stack.callback(kept.close)
        for number, (group, one) in enumerate(zip(found.groups, specs, strict=True)):
            name = index or group.index or index_name(one)
            does = identity.of_pipeline(one, apply(client, one))
            holder = LetterHolder()
            held = None if how.overwrite else _held(client, name, settings)
            these = [LetterSource(file, number, does, group.id_field, held, repair, holder) for file in found.files]
            sources += these
            known = _cache(settings, client, holder)
            with known as opened:
                job = replace(settings, cache=opened, id_field=group.id_field)
                letters = Remaining(these, path, own)
                reports.append(
                    ingest(one, these, client, index=name, settings=job, on_progress=on_progress, letters=letters)
                )
    if how.in_place:
        for file in found.files:
            empty(file, _failed(file.path))
    return _report(found, sources, reports, path)


def _repair(how: Replay) -> Chain:
    chain = Chain.build(how.repair, how.repair_where)
    if asked := [name for processor in chain.processors() for name in processor.endpoints()]:
        raise PipelineError(f"a repair embeds nothing, it cannot use the endpoint [{asked[0]}]")
    return chain


def _load(group: Group, found: Scan) -> PipelineSpec:
    files = ", ".join(str(file.path) for file in found.files)
    if not group.pipeline:
        raise InputError("letters do not name their pipeline", where=files, hint="name it: --pipeline NAME")
    try:
        # On another machine the file lies elsewhere, if at all; those that come with headpond are found by name.
        return load(Path(group.file) if group.file and Path(group.file).is_file() else group.pipeline)
    except InputError as error:
        raise InputError(
            f"letters are of the pipeline [{group.pipeline}], which is not here any more: {error.message}",
            where=files,
            hint="name the one to use: --pipeline NAME",
        ) from None


def _check_new_file(settings: JobSettings, how: Replay, found: Scan) -> None:
    if settings.dead_letters is None:
        return
    if how.in_place:
        raise InputError("what fails again stays in its file or goes to a new one, not both")
    if settings.dead_letters.resolve() in [file.path.resolve() for file in found.files]:
        raise InputError(
            "what fails again would be added to the file that is replayed",
            where=str(settings.dead_letters),
            hint="give another file, or keep it in place: --in-place",
        )


def _new_file(settings: JobSettings, specs: Sequence[PipelineSpec]) -> Path:
    return settings.dead_letters or dead_letters.default_path(specs[0].name if specs else "replay")


def _failed(path: Path) -> Path:
    return path.with_name(f"{path.name}.failed")


def _held(client: Elasticsearch, index: str, settings: JobSettings) -> Held:
    # An index that is not there holds nothing; the job makes it.
    if not client.indices.exists(index=index):
        return lambda names: {}
    return Unchanged(client, index, settings.retry, threading.Event(), Counters()).held


def _cache(settings: JobSettings, client: Elasticsearch, holder: LetterHolder) -> Any:
    """The cache of the job, and behind it the letters; nothing when everything is to be computed anew."""
    if not settings.use_cache:
        return nullcontext(None)
    if settings.cache is None or isinstance(settings.cache, str | Path):
        return CacheAndHolder(cache.open_cache(settings.cache or cache.default_path(), client), holder)
    return nullcontext(CacheAndHolder(settings.cache, holder))


def _report(found: Scan, sources: Sequence[LetterSource], jobs: Sequence[Report], path: Path) -> ReplayReport:
    report = ReplayReport(
        letters=found.chosen,
        indexed=sum(job.indexed for job in jobs),
        unchanged=sum(source.unchanged for source in sources) + sum(job.unchanged for job in jobs),
        superseded=sum(source.superseded for source in sources) + found.overtaken,
        dropped=sum(source.dropped for source in sources),
        dead_lettered=sum(job.dead_lettered for job in jobs),
        passed_over=found.passed_over,
        dead_letters=next((job.dead_letters for job in jobs if job.dead_letters is not None), None),
        jobs=jobs,
    )
    if report.letters != report.settled:
        raise JobError(
            f"the counts do not add up: {report.letters} letters, {report.settled} settled; please report this"
        )
    return report
