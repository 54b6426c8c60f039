"""Does the memory of an ingest job grow with its input? Peak resident memory of `ingest` at two sizes of input.

Each size runs in a process of its own, against a target in another process: a real Elasticsearch where one can be
started, else a served pond, or one that forgets what it acknowledges. The inference API is answered in the
job's own process by the fake service, so that what is measured is all that the toolkit holds: windows, queues, ids on
their way, vectors, caches, the state of the job.

    python -m benchmarks ingest_memory                     # 100,000 and 1,000,000 records
    python -m benchmarks.ingest_memory 20000 100000 pond   # other sizes, on a served pond
    python -m benchmarks.ingest_memory acknowledged        # the quickest target
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import report

SIZES = (100_000, 1_000_000)
MOST_GROWTH = 1.1
DIMENSIONS = 64
WORDS = [
    "river",
    "mill",
    "wheel",
    "water",
    "dam",
    "stone",
    "gate",
    "flood",
    "power",
    "grain",
    "flour",
    "miller",
    "race",
    "weir",
    "turbine",
    "head",
    "pond",
]
PIPELINE: dict[str, Any] = {
    "endpoints": {
        "memory-dense": {
            "task_type": "text_embedding",
            "service": "fake",
            "service_settings": {"dimensions": DIMENSIONS},
        }
    },
    "index": {
        "mapping": {
            "mappings": {
                "properties": {
                    "body": {"type": "text"},
                    "vector": {"type": "dense_vector", "index_options": {"type": "flat"}},
                }
            }
        }
    },
    "processors": [
        {"inference": {"model_id": "memory-dense", "input_output": {"input_field": "body", "output_field": "vector"}}}
    ],
}


def write_records(file: Path, number: int) -> None:
    """Records of about 200 bytes; no two texts are alike, all are of the same few words.

    (The fake service remembers words, which would be measured, too.)
    """
    with file.open("w") as out:
        for n in range(number):
            words = " ".join(WORDS[(n // len(WORDS) ** (step % 7) + step // 7) % len(WORDS)] for step in range(20))
            out.write(json.dumps({"_id": f"record-{n}", "body": words, "number": n}) + "\n")


def acknowledge() -> None:
    """A pond of which nobody needs the documents: it takes bulk requests and forgets what is in them."""
    from headpond.toolkit import serve

    def wrapper(app: Any, node: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or not scope["path"].endswith("/_bulk"):
                await app(scope, receive, send)
                return
            lines, more = 0, True
            while more:
                part = await receive()
                lines, more = lines + part["body"].count(b"\n"), part.get("more_body", False)
            taken = b'{"items":[' + b",".join([b'{"index":{"status":201}}'] * (lines // 2)) + b"]}"
            headers = [(b"content-type", b"application/json"), (b"x-elastic-product", b"Elasticsearch")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": taken})

        return answer

    serve("memory", port=0, wrap=wrapper)


def job(url: str, source: str) -> None:
    """The measured process: one job, then its memory."""
    from headpond.connect import connect
    from headpond.pipeline import Pipeline
    from headpond.pipeline.load import from_dict

    with connect(url, inference="embedded", request_timeout=120) as client:
        began = time.monotonic()
        done = Pipeline(from_dict(PIPELINE, name="memory"), client).ingest(source, index=f"memory-{Path(source).stem}")
        seconds = time.monotonic() - began
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"indexed": done.indexed, "complete": done.complete, "seconds": seconds, "peak": peak}))


@contextmanager
def target(kind: str | None, folder: Path) -> Iterator[tuple[str, str]]:
    """What the job writes to: its URL and what it is."""
    from tests.pipeline.served import ServedPond
    from tests.real.distribution import UnavailableError
    from tests.real.node import RealNode

    if kind == "acknowledged":
        command = [sys.executable, "-c", "from benchmarks.ingest_memory import acknowledge; acknowledge()"]
        with ServedPond(folder, command=command) as pond:
            yield pond.url, "a pond that forgets what it acknowledges"
        return
    if kind != "pond":
        try:
            with RealNode(heap="1g") as node:
                yield node.url, f"Elasticsearch {node.version}"
                return
        except UnavailableError as error:
            print(f"no Elasticsearch here, a served pond instead: {error}")
    with ServedPond(folder, kept=True) as pond:
        yield pond.url, "pond"


def main() -> None:
    """Runs the sizes one after the other and compares the last with the first."""
    given = sys.argv[1:]
    sizes = [int(one) for one in given if one.isdigit()] or list(SIZES)
    kind = next((one for one in given if not one.isdigit()), None)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with target(kind, folder) as (url, what):
            for size in sizes:
                source = folder / f"records-{size}.jsonl"
                write_records(source, size)
                command = [
                    sys.executable,
                    "-c",
                    f"from benchmarks.ingest_memory import job; job({url!r}, {str(source)!r})",
                ]
                environment = {
                    **os.environ,
                    "HEADPOND_HOME": str(folder / "home"),
                    "PYTHONPATH": os.pathsep.join(sys.path),
                }
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                assert found["complete"], found
                assert found["indexed"] == size, found
                rate = size / found["seconds"]
                rows.append({"records": size, "peak MB": found["peak"] / 1e6, "records/s": rate})
                source.unlink()
    ratio = rows[-1]["peak MB"] / rows[0]["peak MB"]
    report.write(
        "ingest_memory",
        rows,
        about=f"Peak resident memory of an ingest job, {DIMENSIONS} dimensions, target: {what}",
        packages=["elasticsearch", "numpy", "orjson"],
        ratio=round(ratio, 3),
        goal=f"at most {MOST_GROWTH} from {SIZES[0]:,} to {SIZES[1]:,} records",
        note=os.environ.get("BENCHMARK_NOTE", ""),
    )


if __name__ == "__main__":
    main()
