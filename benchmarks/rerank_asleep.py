"""A reranker that is asleep: 200 searches at once come back in time, in the first stage's order, and say why.

The first stage alone, which finds as many hits as are to be ranked, and the whole search with a rerank that has 150 ms
are measured in turns, in one run. `after p99` is the time of a search after its own first stage, which a busy machine
disturbs less than the difference of two percentiles; `CPU ms` is of this process, for one search.

Each round has 200 threads that begin together; `fresh` is a round of a client that has not met the sleeping endpoint
yet, so that searches wait for it, `known` one of a client whose breaker is open. The pond is in this process, so that
searches, threads and waiting share one interpreter, and a second time in a process of its own behind HTTP.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from benchmarks import report
from headpond.connect import connect
from headpond.pipeline import Pipeline
from headpond.pipeline.load import from_dict
from headpond.pipeline.query.lines import lines_of
from headpond.pipeline.query.searches import IndexSearches

SEARCHES, ROUNDS = 200, 5
DOCUMENTS, WORDS = 2_000, 60
WINDOW, SIZE = 50, 10
DEADLINE_MS, ASLEEP_MS = 150, 10_000
GOAL_MS = 160


def main() -> None:
    rows = measure("in process", lambda: connect("memory"))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            command = [sys.executable, "-m", "headpond", "serve", "--target", "memory", "--port", "0"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=out)
        try:
            while "http://" not in log.read_text():
                time.sleep(0.1)
            url = next(word for word in log.read_text().split() if word.startswith("http://")).rstrip("/.,")
            rows += measure("over HTTP", lambda: Elasticsearch(url, connections_per_node=SEARCHES, request_timeout=60))
        finally:
            process.terminate()
            process.wait()
    slept = [row for row in rows if row["searches"] != "first stage"]
    right = not any(row["failed"] or row["other order"] for row in rows)
    report.write(
        "rerank_asleep",
        rows,
        about=f"{SEARCHES} searches at once, reranker asleep for {ASLEEP_MS / 1000:.0f} s, deadline {DEADLINE_MS} ms",
        packages=["elasticsearch", "numpy"],
        goal=f"p99 at most the first stage's + {GOAL_MS} ms, no exception, the first stage's order",
        load=os.getloadavg()[0] / (os.cpu_count() or 1),
        answers_right=right,
        met=right and max(row["added p99 ms"] for row in slept) <= GOAL_MS,
        met_after_own_first_stage=right and max(row["after p99 ms"] for row in slept) <= GOAL_MS,
    )


def measure(name: str, client_of: Any) -> list[dict[str, Any]]:
    client: Elasticsearch = client_of()
    fill(client)
    plain = pipeline(client, [])
    texts = [f"w{number % WORDS} w{(7 * number + 3) % WORDS}" for number in range(SEARCHES)]
    order = {text: found(plain.search(text)) for text in texts}
    rounds: dict[str, list[list[Done]]] = {"first stage": [], "fresh": [], "known": []}
    cpu = dict.fromkeys(rounds, 0.0)

    def one(kind: str, pipeline: Pipeline, size: int) -> None:
        begun = time.process_time()
        rounds[kind].append(together(pipeline, texts, size))
        cpu[kind] += time.process_time() - begun

    together(plain, texts, WINDOW)
    for _ in range(ROUNDS):
        one("first stage", plain, WINDOW)
        forget(client)
        asleep = pipeline(client, [{"rerank": {"inference_id": "asleep", "field": "body", "deadline": "150ms"}}])
        one("fresh", asleep, SIZE)
        one("known", asleep, SIZE)
    first = percentile(rounds["first stage"], 99)
    rows = []
    for kind, done in rounds.items():
        answers = [(text, answer) for one in done for text, (*_, answer) in zip(texts, one, strict=True)]
        rows.append(
            {
                "target": name,
                "searches": kind,
                "p50 ms": percentile(done, 50),
                "p99 ms": percentile(done, 99),
                "added p99 ms": percentile(done, 99) - first,
                "after p99 ms": percentile(done, 99, of=1),
                "CPU ms": 1000 * cpu[kind] / SEARCHES / ROUNDS,
                "failed": sum(isinstance(answer, Exception) for _, answer in answers),
                "other order": sum(
                    not isinstance(answer, Exception) and found(answer)[:SIZE] != order[text]
                    for text, answer in answers
                ),
                "degraded": sum("degraded" in answer for _, answer in answers if isinstance(answer, dict)),
            }
        )
    client.close()
    return rows


Done = tuple[float, float, Any]
"""Seconds of a search, those of them after its first stage, and its answer."""


@dataclass(frozen=True)
class Clocked:
    """Searches that say when the first stage had its answer."""

    inner: IndexSearches
    answered: list[float]

    @property
    def client(self) -> Elasticsearch:
        return self.inner.client

    @property
    def index(self) -> str:
        return self.inner.index

    def one(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.inner.one(body)
        self.answered.append(time.perf_counter())
        return answer

    def many(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return self.inner.many(bodies)


def together(pipeline: Pipeline, texts: list[str], size: int) -> list[Done]:
    """All begin at once."""
    begin = threading.Barrier(len(texts))
    done: dict[int, Done] = {}

    def search(place: int, text: str) -> None:
        clocked = Clocked(IndexSearches(pipeline.client, "things"), [])
        begin.wait()
        started = time.perf_counter()
        answer: Any
        try:
            body = {"query": {"match": {"body": text}}, "size": size}
            answer = pipeline.searcher.run(clocked, body, text)
        except Exception as error:
            answer = error
        ended = time.perf_counter()
        done[place] = ended - started, ended - (clocked.answered or [started])[0], answer

    threads = [threading.Thread(target=search, args=pair) for pair in enumerate(texts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [done[place] for place in range(len(texts))]


def forget(client: Elasticsearch) -> None:
    """The client knows nothing of the endpoint any more; nothing of the round before is under way."""
    lines = lines_of(client)
    while lines.busy:
        time.sleep(0.01)
    lines.__init__()  # type: ignore[misc]


def found(answer: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def percentile(rounds: list[list[Done]], percent: float, of: int = 0) -> float:
    """Of all searches of all rounds, in milliseconds."""
    return float(np.percentile([1000 * done[of] for one in rounds for done in one], percent))


def fill(client: Elasticsearch) -> None:
    random = np.random.default_rng(0)
    client.indices.create(index="things", mappings={"properties": {"body": {"type": "text"}}})
    lines: list[dict[str, Any]] = []
    for number in range(DOCUMENTS):
        words = " ".join(f"w{word}" for word in random.integers(0, WORDS, 30))
        lines += [{"index": {"_id": str(number)}}, {"body": words}]
    client.bulk(index="things", operations=lines, refresh=True)
    config = {"service": "fake", "service_settings": {"latency_ms": ASLEEP_MS}}
    client.inference.put(inference_id="asleep", task_type="rerank", inference_config=config)


def pipeline(client: Elasticsearch, processors: list[dict[str, Any]]) -> Pipeline:
    file = {
        "index": {"name": "things"},
        "search": {"query": {"match": {"body": "{{query}}"}}},
        "response_processors": processors,
    }
    return Pipeline(from_dict(file, name="asleep"), client)


if __name__ == "__main__":
    main()
