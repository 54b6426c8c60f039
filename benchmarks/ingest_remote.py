"""A job with a remote endpoint: how much of its allowance is used, and how it compares with langchain-elasticsearch.

First whole jobs against a stand-in with an allowance, in 1, 4 and 16 processes that know nothing of each other but the
folder of their rates. The time is that from the start signal, when all processes have been started and their pipelines
applied, until the last job has reported: it holds the checks, reading, asking, writing and the refresh at the end. The
ideal time is what the allowance alone needs: the requests that were served at the requests a minute, or their tokens
at the tokens a minute, whichever is longer, and one latency. Requests that failed are not in it, though they use up
allowance, nor is the second's worth that the provider lets through at first.

Then the same texts through this toolkit and through langchain-elasticsearch's `add_texts`, with
the same stand-in without an allowance and the same real Elasticsearch.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import orjson

from benchmarks import peers, report, stand_in
from headpond.connect import connect
from headpond.pipeline import Pipeline
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from headpond.pipeline.pace.settings import Pace
from tests.real.distribution import UnavailableError
from tests.real.node import RealNode

RPM, TPM, LATENCY, FAULTS = 6_000, 6_000_000, 0.06, 0.01
REQUESTS, INPUTS, LETTERS = 3_000, 4, 960  # half a minute of the allowance
RECORDS, BATCH, DIMS, ROUNDS = 6_000, 96, 384, 3  # the first round warms the node up

LANGCHAIN = """
import sys, time, httpx, orjson
from langchain_core.embeddings import Embeddings
from langchain_elasticsearch import ElasticsearchStore
node, provider, number, batch, index = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
class Remote(Embeddings):
    client = httpx.Client(timeout=60)
    def embed_documents(self, texts):
        made = []
        for begin in range(0, len(texts), batch):
            answer = self.client.post(provider + "/v1/embeddings", json={"input": texts[begin:begin + batch]})
            made += [one["embedding"] for one in orjson.loads(answer.content)["data"]]
        return made
    def embed_query(self, text):
        return self.embed_documents([text])[0]
store = ElasticsearchStore(index_name=index, embedding=Remote(), es_url=node)
texts = [f"the text of record number {place}, which is about mills and rivers" for place in range(number)]
started = time.perf_counter()
store.add_texts(texts, ids=[str(place) for place in range(number)])
print(time.perf_counter() - started, store.client.count(index=index)["count"])
"""


def pipeline(endpoint: dict[str, Any], client: Any, index: str, options: dict[str, Any]) -> Pipeline:
    inference = {"model_id": "remote", "input_output": {"input_field": "text", "output_field": "vector"}}
    properties = {"text": {"type": "text"}, "vector": {"type": "dense_vector", **options}}
    given = {
        "endpoints": {"remote": endpoint},
        "index": {"name": index, "mapping": {"mappings": {"properties": properties}}},
        "processors": [{"inference": inference}],
    }
    return Pipeline(from_dict(given, name="remote"), client)


def worker() -> None:
    """One of several processes: says that it is ready, waits for the start, and ingests its share."""
    task = orjson.loads(sys.stdin.readline())
    letters = "a river turns the wheel of a mill " * (LETTERS // 30)
    begin, end = task["begin"], task["end"]
    records = [{"_id": str(place), "text": f"{place} {letters}"[:LETTERS]} for place in range(begin, end)]
    with connect("memory") as client:
        job = pipeline(task["endpoint"], client, "things", {})
        job.apply()
        print("ready", flush=True)
        sys.stdin.readline()
        pace = Pace(inputs=task["inputs"], tokens_per_minute=TPM)
        done = job.ingest(records, settings=JobSettings(pace=pace, use_cache=False))
        print(orjson.dumps({"indexed": done.indexed, "dead": done.dead_lettered}).decode(), flush=True)


def allowance(provider: stand_in.StandIn, workers: int, inputs: int | None) -> dict[str, Any]:
    """Runs jobs side by side; how much of the allowance they used."""
    texts = REQUESTS * INPUTS
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HEADPOND_HOME": folder}
        command = [sys.executable, "-c", "from benchmarks import ingest_remote; ingest_remote.worker()"]
        started = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(workers)
        ]
        share = texts // workers
        for number, process in enumerate(started):
            endpoint = provider.endpoint(dimensions=64, rate_limit={"requests_per_minute": RPM})
            task = {"begin": number * share, "end": (number + 1) * share, "inputs": inputs, "endpoint": endpoint}
            assert process.stdin is not None
            process.stdin.write(orjson.dumps(task).decode() + "\n")
            process.stdin.flush()
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        provider.reset()
        begun = time.perf_counter()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        answers = []
        for process in started:
            assert process.stdout is not None
            answers.append(orjson.loads(process.stdout.readline()))
        seconds = time.perf_counter() - begun
        for process in started:
            process.communicate()
    assert sum(one["indexed"] for one in answers) == share * workers, answers
    seen = provider.seen()
    ideal = max(seen["served"] / (RPM / 60), seen["tokens"] / (TPM / 60)) + LATENCY
    asking = seen["last"] - seen["first"]
    return {
        "workers": workers,
        "texts a request": share * workers / seen["served"],
        "served": seen["served"],
        "seconds": seconds,
        "ideal": ideal,
        "share of ideal": ideal / seconds,
        "share while asking": ideal / asking,
        "429 %": 100 * seen["refused"] / seen["asked"],
        "503 %": 100 * seen["failed"] / seen["asked"],
    }


def headpond(node: RealNode, provider: stand_in.StandIn, index: str) -> tuple[float, int]:
    """Seconds of one job, the index made before; inputs and embeddings as langchain's."""
    records = (
        {"_id": str(place), "text": f"the text of record number {place}, which is about mills and rivers"}
        for place in range(RECORDS)
    )
    with tempfile.TemporaryDirectory() as folder, connect(node.url, inference="embedded") as client:
        os.environ["HEADPOND_HOME"] = folder
        endpoint = provider.endpoint(dimensions=DIMS, rate_limit={"requests_per_minute": 1_000_000})
        job = pipeline(endpoint, client, index, {"dims": DIMS, "index": True, "similarity": "cosine"})
        started = time.perf_counter()
        done = job.ingest(records, settings=JobSettings(pace=Pace(inputs=BATCH)))
        seconds = time.perf_counter() - started
        assert done.indexed == RECORDS, done
        count = int(client.count(index=index)["count"])
        client.indices.delete(index=index)
    return seconds, count


def against_langchain() -> dict[str, Any]:
    interpreter = peers.python("langchain-elasticsearch", "orjson", "httpx")
    with RealNode() as node, stand_in.running(latency=LATENCY, dims=DIMS) as provider:
        ours, theirs = [], []
        for number in range(ROUNDS):
            seconds, count = headpond(node, provider, f"ours-{number}")
            assert count == RECORDS
            ours.append(seconds)
            command = [
                interpreter,
                "-c",
                LANGCHAIN,
                node.url,
                provider.url,
                str(RECORDS),
                str(BATCH),
                f"theirs-{number}",
            ]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            assert int(out[1]) == RECORDS
            theirs.append(float(out[0]))
    return {
        "headpond_seconds": [round(one, 2) for one in ours],
        "langchain_seconds": [round(one, 2) for one in theirs],
        "times_langchain": round(min(theirs) / min(ours), 2),
        "peers": peers.versions(interpreter, "langchain-elasticsearch", "langchain-core", "elasticsearch"),
    }


def main() -> None:
    rows = []
    with stand_in.running(latency=LATENCY, rpm=RPM, tpm=TPM, faults=FAULTS) as provider:
        for workers, inputs in ((1, INPUTS), (4, INPUTS), (16, INPUTS)):
            rows.append(allowance(provider, workers, inputs))
            print(rows[-1], flush=True)
    try:
        comparison = against_langchain()
    except UnavailableError as error:
        comparison = {"times_langchain": f"not measured: {error}"}
    report.write(
        "ingest_remote",
        rows,
        about=f"Jobs with a remote endpoint: {LATENCY * 1e3:.0f} ms, {RPM:,} rpm, {TPM:,} tpm, {FAULTS:.0%} faults",
        packages=["headpond", "elasticsearch", "httpx", "uvicorn"],
        **comparison,
        goal="share of ideal >= 0.90 and 429s < 1 % with 1, 4, 16 workers; >= 2.5 x langchain-elasticsearch",
        note=os.environ.get("BENCHMARK_NOTE", ""),
    )


if __name__ == "__main__":
    main()
