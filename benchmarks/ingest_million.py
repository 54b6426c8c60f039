"""`headpond ingest` on a million records against a real Elasticsearch: do all counts add up, and how long does it take?

Every thousandth line of the file is broken, so that there are dead letters, too. The command is the one that anybody
types. Afterwards the report, the file of dead letters, the state of the job and the index itself must say the same, and
the beginning of the same records, read once more, must be unchanged.

    python -m benchmarks ingest_million            # a million
    python -m benchmarks.ingest_million 20000     # another number
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from benchmarks import report
from headpond.connect import connect
from tests.real.distribution import UnavailableError
from tests.real.node import RealNode

RECORDS = 1_000_000
BROKEN = 1_000
"""One line of so many is no record."""
AGAIN = 20_000
PIPELINE = """
index:
  name: million
  mapping:
    settings: {number_of_shards: 1, number_of_replicas: 0}
    mappings:
      properties:
        title: {type: text}
        number: {type: integer}
        vector: {type: dense_vector, dims: 8, index: false}
"""


def write_records(file: Path, number: int) -> int:
    """Small records with ids and vectors; gives the number of broken ones."""
    broken = 0
    with file.open("w") as out:
        for n in range(number):
            if n % BROKEN == BROKEN - 1:
                broken += 1
                out.write(f'{{"_id": "record-{n}", "title": \n')
                continue
            vector = [round(((n * 31 + place * 17) % 1999 - 999) / 1000, 3) or 0.001 for place in range(8)]
            title = f"record {n} of mill {n % 977} at river {n % 89}"
            out.write(json.dumps({"_id": f"record-{n}", "title": title, "number": n, "vector": vector}) + "\n")
    return broken


def command(source: Path, url: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "headpond", "ingest", "million.yaml", str(source), "--target", url, *more]


def run(arguments: list[str], folder: Path) -> tuple[dict[str, Any], float]:
    """Runs the command; its report, and its seconds."""
    environment = {**os.environ, "HEADPOND_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}
    began = time.monotonic()
    done = subprocess.run([*arguments, "--report", "report.json"], cwd=folder, env=environment, check=False)
    assert done.returncode in (0, 3), done.returncode  # 3: there are dead letters
    return json.loads((folder / "report.json").read_text()), time.monotonic() - began


def check(client: Elasticsearch, folder: Path, told: dict[str, Any], number: int, broken: int) -> None:
    """The report, the dead letters and the index say the same."""
    expected = {"read": number, "indexed": number - broken, "unchanged": 0, "dead_lettered": broken, "complete": True}
    assert {key: told[key] for key in expected} == expected, told
    with (folder / "bad.jsonl").open() as letters:
        assert sum(1 for _ in letters) == broken
    client.indices.refresh(index="million")
    assert client.count(index="million")["count"] == number - broken
    # Every record is there once: the numbers are all different, and their sum is that of the file.
    sums = client.search(index="million", size=0, aggs={"sum": {"sum": {"field": "number"}}})["aggregations"]
    missing = sum(range(BROKEN - 1, number, BROKEN))
    assert int(sums["sum"]["value"]) == number * (number - 1) // 2 - missing
    state = client.search(index="headpond-jobs", query={"term": {"index": "million"}})["hits"]["hits"][0]["_source"]
    assert (state["state"], state["counts"]["indexed"]) == ("complete", number - broken), state


def measure(url: str, folder: Path, number: int) -> list[dict[str, Any]]:
    """The whole file into a new index, then its beginning once more."""
    (folder / "million.yaml").write_text(PIPELINE)
    source, part = folder / "records.jsonl", folder / "part.jsonl"
    broken, again = write_records(source, number), min(AGAIN, number)
    with connect(url, request_timeout=120) as client:
        told, seconds = run(command(source, url, "--dead-letters", "bad.jsonl"), folder)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        check(client, folder, told, number, broken)
        write_records(part, again)
        same, took = run(command(part, url, "--dead-letters", "again.jsonl"), folder)
        assert (same["unchanged"], same["indexed"]) == (again - again // BROKEN, 0), same
    unit = 1 if sys.platform == "darwin" else 1024
    names = ("read", "indexed", "unchanged", "dead_lettered")
    rows = [{"what": f"a new index, {number:,} records", "s": seconds, "records/s": number / seconds}]
    rows[0] |= {name: told[name] for name in names}
    rows[0] |= {"client CPU s": used.ru_utime + used.ru_stime, "peak MB": used.ru_maxrss * unit / 1e6}
    rows.append({"what": f"the first {again:,} once more", "s": took, "records/s": again / took})
    rows[1] |= {name: same[name] for name in names}
    return rows


def main() -> None:
    """Writes the result file; without a real node there is none."""
    number = next((int(one) for one in sys.argv[1:] if one.isdigit()), RECORDS)
    try:
        with tempfile.TemporaryDirectory() as folder, RealNode(heap="1g") as node:
            rows, version = measure(node.url, Path(folder), number), node.version
    except UnavailableError as error:
        print(f"not measured: {error}")
        return
    report.write(
        "ingest_million",
        rows,
        about=f"`headpond ingest` of {number:,} small records, one in {BROKEN:,} broken, into Elasticsearch {version}",
        packages=["headpond", "elasticsearch", "orjson"],
        goal="it ends, and report, dead letters, job state and index agree on every record",
        note=os.environ.get("BENCHMARK_NOTE", ""),
    )


if __name__ == "__main__":
    main()
