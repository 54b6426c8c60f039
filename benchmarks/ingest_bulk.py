"""Writing documents that are embedded already: a job, with ids, hashes, counting and its state, and `parallel_bulk`.

Both read the same file and use the same client (with the same serializer) on the same real Elasticsearch, begin with an
index that is not there, and end when every document can be found. First both write for a while that is not measured: a
server that has just started takes up to five times as long, whoever writes. Then they take turns; of each the best run
counts, and of several settings of `parallel_bulk` the best one. The server takes most of the time, so the processor
time of the client is measured, too: that is what a job costs beside it.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

from benchmarks import report
from headpond.connect import connect
from headpond.pipeline import Pipeline
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from tests.real.distribution import UnavailableError
from tests.real.node import RealNode

RECORDS, DIMS, WARMING, ROUNDS = 40_000, 384, 3, 5
SETTINGS = [(2, 500), (4, 500), (4, 1_000)]
MAPPING = {"properties": {"text": {"type": "text"}, "vector": {"type": "dense_vector", "dims": DIMS, "index": False}}}


CPU = "client CPU us/document"
Run = tuple[float, float]
"""Seconds on the clock, and seconds of the client's processor time."""


def prepared(folder: Path) -> Path:
    """The documents as JSON lines, so that both sides parse what they write, as a job does."""
    vectors = np.random.default_rng(1).standard_normal((RECORDS, DIMS)).round(5)
    path = folder / "records.jsonl"
    with path.open("wb") as out:
        for place, vector in enumerate(vectors.tolist()):
            record = {"_id": str(place), "text": f"record {place} about mills and rivers", "vector": vector}
            out.write(orjson.dumps(record) + b"\n")
    return path


def documents(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def theirs(client: Elasticsearch, path: Path, index: str, threads: int, chunk: int) -> Run:
    started = time.perf_counter(), time.process_time()
    client.indices.create(index=index, mappings=MAPPING)
    actions = ({"_index": index, "_id": one.pop("_id"), "_source": one} for one in documents(path))
    for ok, item in parallel_bulk(client, actions, thread_count=threads, chunk_size=chunk, max_chunk_bytes=50_000_000):
        assert ok, item
    client.indices.refresh(index=index)
    return finished(client, index, started)


def ours(client: Elasticsearch, path: Path, index: str) -> Run:
    given = {"index": {"name": index, "mapping": {"mappings": MAPPING}}}
    pipeline = Pipeline(from_dict(given, name="bulk"), client)
    started = time.perf_counter(), time.process_time()
    done = pipeline.ingest(path, settings=JobSettings())
    assert done.indexed == RECORDS, done
    return finished(client, index, started)


def finished(client: Elasticsearch, index: str, started: Run) -> Run:
    seconds = time.perf_counter() - started[0], time.process_time() - started[1]
    assert client.count(index=index)["count"] == RECORDS
    client.indices.delete(index=index)
    return seconds


def measure(url: str) -> list[dict[str, Any]]:
    rows: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as folder, connect(url).options(request_timeout=120) as client:
        os.environ["HEADPOND_HOME"] = folder
        path = prepared(Path(folder))
        runs: dict[str, Callable[[str], Run]] = {"headpond ingest": lambda index: ours(client, path, index)}
        for threads, chunk in SETTINGS:
            name = f"parallel_bulk, {threads} threads, {chunk} documents"
            runs[name] = lambda index, threads=threads, chunk=chunk: theirs(client, path, index, threads, chunk)
        names = list(runs)
        for number in range(WARMING):
            for place, name in enumerate(names[:2]):
                runs[name](f"warming-{number}-{place}")
        for number in range(ROUNDS):
            for place in range(len(names)):  # every round begins with another one: the first finds a server at rest
                name = names[(number + place) % len(names)]
                rows.setdefault(name, []).append(runs[name](f"round-{number}-{place}"))
    return [_row(name, rows[name]) for name in names]


def _row(name: str, runs: list[Run]) -> dict[str, Any]:
    seconds, cpu = zip(*runs, strict=True)
    best, median = min(seconds), statistics.median(seconds)
    return {
        "what": name,
        "best s": best,
        "median s": median,
        "documents/s": RECORDS / best,
        CPU: min(cpu) / RECORDS * 1e6,
    }


def main() -> None:
    try:
        with RealNode() as node:
            rows = measure(node.url)
    except UnavailableError as error:
        print(f"not measured: {error}")
        return
    best, median, cpu = (min(row[key] for row in rows[1:]) for key in ("best s", "median s", CPU))
    report.write(
        "ingest_bulk",
        rows,
        about=f"Writing {RECORDS:,} documents with a vector of {DIMS} numbers to a real Elasticsearch",
        packages=["headpond", "elasticsearch", "orjson"],
        times_parallel_bulk=round(best / rows[0]["best s"], 2),
        times_parallel_bulk_by_medians=round(median / rows[0]["median s"], 2),
        client_cpu_of_parallel_bulk_over_ours=round(cpu / rows[0][CPU], 2),
        goal=">= 1.0 x parallel_bulk at its best settings",
        note=os.environ.get("BENCHMARK_NOTE", ""),
    )


if __name__ == "__main__":
    main()
