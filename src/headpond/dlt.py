"""A destination for dlt (https://dlthub.com): what dlt loads goes through a pipeline and is indexed.

    import dlt
    from headpond.dlt import destination

    load = dlt.pipeline("articles", destination=destination("quickstart", target="http://127.0.0.1:9200"))
    load.run(rows, table_name="articles", primary_key="id", write_disposition="merge")

A batch that dlt sends is one job of the same engine as `Pipeline.ingest`. Ids come from the table's primary key, else
from the record's content, so a batch that dlt sends again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from headpond.errors import HeadpondError, InputError, MissingExtraError
from headpond.toolkit import load

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from headpond.pipeline import Pipeline, Report
    from headpond.pipeline.callbacks import OnDeadLetter
    from headpond.pipeline.job import JobSettings

log = logging.getLogger("headpond.dlt")

BATCH = 1000
"""Records that dlt hands over at a time."""


def destination(
    pipeline: str | Path | Pipeline,
    *,
    client: Elasticsearch | None = None,
    target: str | None = None,
    inference: str = "target",
    index: str | None = None,
    batch_size: int = BATCH,
    settings: JobSettings | None = None,
    on_dead_letter: OnDeadLetter | None = None,
    on_report: Callable[[Report], None] | None = None,
    strict: bool = False,
) -> Any:
    """A destination for `dlt.pipeline(destination=...)`.

    Args:
        pipeline: a pipeline, its name, or its file.
        client: of the target; None connects to `target`.
        target: see `headpond.connect`; ignored when `pipeline` is a `Pipeline` or a client is given.
        inference: see `headpond.connect`.
        index: where documents go; `{table}` in it stands for dlt's table. None is the pipeline's own index, for all
            tables together.
        batch_size: records in a job.
        settings: how each job is run.
        on_dead_letter: called with each record that cannot be indexed; they are in a file in any case.
        on_report: called with the report of each batch.
        strict: whether a dead letter fails dlt's load instead of being said in a warning.

    Raises:
        MissingExtraError: dlt is not installed.
        PipelineError, UnknownNameError: there is no such pipeline, or it is wrong.
    """
    try:
        import dlt
        from dlt.common.destination import exceptions as failures
        from dlt.common.json import json
    except ImportError:
        raise MissingExtraError("the dlt destination", "dlt", "dlt") from None
    bound = pipeline if _is_bound(pipeline) else load(pipeline, client=client or _connect(target, inference))  # type: ignore[arg-type]

    def write(items: Any, table: Any) -> None:
        rows = json.loads(json.dumps(items))  # times and decimals as dlt writes them
        try:
            report = _ingest(bound, rows, table, index, settings, on_dead_letter)
        except InputError as error:  # trying again will not help
            raise failures.DestinationTerminalException(str(error)) from error
        except HeadpondError as error:
            raise failures.DestinationTransientException(str(error)) from error
        if on_report is not None:
            on_report(report)
        if report.dead_lettered:
            number, name = report.dead_lettered, table["name"]
            said = f"{number} records of table {name} cannot be indexed, see {report.dead_letters}"
            if strict:
                raise failures.DestinationTerminalException(said)
            log.warning("%s", said)

    # Inference runs many requests at a time by itself, so one batch after the other is as fast, and keeps the order.
    made = dlt.destination(
        batch_size=batch_size,
        loader_file_format="typed-jsonl",
        name="headpond",
        naming_convention="direct",
        loader_parallelism_strategy="sequential",
    )(write)
    return made()


def _connect(target: str | None, inference: str) -> Elasticsearch:
    from headpond.connect import connect

    return connect(target, inference=inference)


def _is_bound(pipeline: Any) -> bool:
    return not isinstance(pipeline, str | Path)


def _ingest(
    pipeline: Any,
    items: Sequence[Mapping[str, Any]],
    table: Mapping[str, Any],
    index: str | None,
    settings: JobSettings | None,
    on_dead_letter: OnDeadLetter | None,
) -> Report:
    from headpond.pipeline.job import JobSettings

    name = str(table["name"])
    if table.get("write_disposition") == "replace":
        raise InputError(
            f"table {name} is to be replaced, an index is only added to",
            hint='write_disposition="merge" with a primary_key writes over what has the same key; or delete the index',
        )
    keys = [column for column, hints in table.get("columns", {}).items() if hints.get("primary_key")]
    rows = [{**row, "_id": identifier(row, keys)} for row in items] if keys else items
    report: Report = pipeline.ingest(
        rows,
        index=index.replace("{table}", name) if index else None,
        # The state of a job is of no use here: dlt itself knows which batches are done.
        settings=replace(settings or JobSettings(), resume=False),
        on_dead_letter=on_dead_letter,
    )
    return report


def identifier(row: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """The `_id` of a row: its key, or of several the JSON array of them; None, so that it is refused, without one."""
    values = [row.get(key) for key in keys]
    if any(value is None for value in values):
        return ""
    if len(values) == 1 and isinstance(values[0], str | int) and not isinstance(values[0], bool):
        return values[0]
    return orjson.dumps(values).decode()
