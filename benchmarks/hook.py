"""What the hook adds to a search of 100 hits, besides the reranker's own time.

A client's search and the same search of the hooked client are asked in turns, on the pond in process, on the pond over
HTTP, and through `serve --hook` in front of that. The endpoint of the rerank answers at once, in process, and the time
of its call is taken off. What the `rerank` processor does around the call (reads a hundred texts, puts the hits into
their new order) is the reranker's own time, too; it is shown beside. All is measured as wall time and as CPU time of
this process, its server's threads included: on a machine with other work only the latter says what the hook does.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch

import headpond
from benchmarks import report
from headpond.connect import connect
from headpond.hook import names, specification
from headpond.hooked.app import wrapper
from headpond.node import Node
from headpond.node.serve import serving
from headpond.pipeline.query.inference import ClientInference
from headpond.serializer import SERIALIZERS
from headpond.stages.response.base import Results
from headpond.stages.response.rerank import Rerank

HITS = 100
CALLS = 300
BODY = {"query": {"match": {"body": "water"}}, "size": HITS}
PIPELINE: dict[str, Any] = {
    "endpoints": {"ranker": {"task_type": "rerank", "service": "fake", "service_settings": {}}},
    "response_processors": [{"rerank": {"inference_id": "ranker", "field": "body", "window": HITS, "deadline": "60s"}}],
}


class Spent:
    """Adds up what calls cost, in seconds."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    @contextmanager
    def adding(self) -> Iterator[None]:
        started, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - started
        self.cpu += time.process_time() - cpu


class Reranks:
    """What reranks cost: the calls of the endpoint, and the processor with them."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.call, self.stage = Spent(), Spent()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Every rerank of this process answers at once, and its time is added up."""
        own, process = ClientInference.rerank, Rerank.process

        def rerank(inference: ClientInference, id: str, query: str, texts: Sequence[str], **how: Any) -> list[float]:
            with self.call.adding():
                return [float(len(text) % 7) for text in texts]

        def processed(stage: Rerank, results: Results) -> None:
            with self.stage.adding():
                process(stage, results)

        ClientInference.rerank = rerank  # type: ignore[method-assign]
        Rerank.process = processed  # type: ignore[method-assign]
        try:
            yield
        finally:
            ClientInference.rerank, Rerank.process = own, process  # type: ignore[method-assign]


def fill(client: Elasticsearch) -> None:
    lines: list[Any] = []
    for number in range(HITS + 50):
        lines += [{"index": {"_id": str(number)}}, {"body": f"water {'and stone ' * (number % 40)}", "n": number}]
    client.bulk(index="a", operations=lines, refresh=True)


def in_turns(plain: Callable[[], Any], hooked: Callable[[], Any], reranks: Reranks) -> dict[str, list[float]]:
    """Milliseconds of each call, the endpoint's taken off; and of the rerank processor besides that."""
    found: dict[str, list[float]] = {"plain": [], "hooked": [], "plain cpu": [], "hooked cpu": [], "stage cpu": []}
    for _ in range(CALLS + 50):
        for name, call in (("plain", plain), ("hooked", hooked)):
            reranks.clear()
            started, cpu = time.perf_counter(), time.process_time()
            answer = call()
            wall, spent = time.perf_counter() - started, time.process_time() - cpu
            assert len(answer["hits"]["hits"]) == HITS
            assert "degraded" not in answer
            found[name].append(1e3 * (wall - reranks.call.wall))
            found[f"{name} cpu"].append(1e3 * (spent - reranks.call.cpu))
            if name == "hooked":
                found["stage cpu"].append(1e3 * (reranks.stage.cpu - reranks.call.cpu))
    return {name: times[50:] for name, times in found.items()}


def row(where: str, times: dict[str, list[float]]) -> dict[str, Any]:
    """What is added at the median and at the 99th percentile, hooked calls less plain ones."""
    cuts = {name: statistics.quantiles(found, n=100) for name, found in times.items()}
    return {
        "where": where,
        "plain p50": cuts["plain"][49],
        "plain p99": cuts["plain"][98],
        "added p50": cuts["hooked"][49] - cuts["plain"][49],
        "added p99": cuts["hooked"][98] - cuts["plain"][98],
        "added CPU p50": cuts["hooked cpu"][49] - cuts["plain cpu"][49],
        "added CPU p99": cuts["hooked cpu"][98] - cuts["plain cpu"][98],
        "of which the rerank's own p50": cuts["stage cpu"][49],
    }


def main() -> None:
    rows = []
    reranks = Reranks()
    node = Node(None)
    spec = specification(PIPELINE)
    with (
        reranks.watched(),
        connect("memory") as inside,
        serving(node) as url,
        serving(node, wrap=wrapper([(spec, names(spec, None))])) as hooked_url,
        Elasticsearch(url) as outside,
        Elasticsearch(url, serializers=SERIALIZERS) as fast,
        Elasticsearch(hooked_url) as front,
    ):
        fill(inside)
        fill(outside)
        clients = {
            "in process": (inside, headpond.hook(inside, PIPELINE)),
            "HTTP": (outside, headpond.hook(outside, PIPELINE)),
            "HTTP, orjson": (fast, headpond.hook(fast, PIPELINE)),
            "serve --hook": (outside, front),
        }
        for where, (plain, hooked) in clients.items():
            times = in_turns(
                lambda client=plain: client.search(index="a", body=BODY),  # type: ignore[misc]
                lambda client=hooked: client.search(index="a", body=BODY),  # type: ignore[misc]
                reranks,
            )
            rows.append(row(where, times))
    node.close()
    report.write(
        "hook",
        rows,
        about=f"Milliseconds that the hook adds to a search of {HITS} hits, its rerank endpoint's time taken off",
        packages=["headpond", "elasticsearch", "elastic-transport", "orjson", "uvicorn", "starlette"],
        goal="added p50 <= 1 ms, p99 <= 5 ms, besides the reranker's own time",
        calls=CALLS,
        busy=f"load average {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores: the CPU times count",
    )


if __name__ == "__main__":
    main()
