"""What a call to the pond costs through the official client, beside the same calls over HTTP on loopback."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from elasticsearch import Elasticsearch

from benchmarks import report
from headpond.connect import connect
from headpond.node import Node
from headpond.node.serve import serving

CALLS = 2_000


def percentiles(work: Callable[[], object]) -> tuple[float, float]:
    for _ in range(50):
        work()
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        work()
        times.append(1e6 * (time.perf_counter() - started))
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


def main() -> None:
    rows = []
    node = Node(None)
    with connect("memory") as inside, serving(node) as url, Elasticsearch(url) as outside:
        for client in (inside, outside):
            client.index(index="a", id="1", document={"title": "a river turns a wheel"}, refresh=True)
        calls: dict[str, Callable[[Elasticsearch], object]] = {
            "GET /_cluster/health": lambda es: es.cluster.health(),
            "GET /a/_doc/1": lambda es: es.get(index="a", id="1"),
            "GET /a/_search match": lambda es: es.search(index="a", query={"match": {"title": "wheel"}}),
        }
        for name, call in calls.items():
            inner, outer = percentiles(lambda c=call: c(inside)), percentiles(lambda c=call: c(outside))
            rows.append(
                {
                    "call": name,
                    "in process p50 us": inner[0],
                    "p99 us": inner[1],
                    "over HTTP p50 us": outer[0],
                    "HTTP p99 us": outer[1],
                    "ratio p50": outer[0] / inner[0],
                }
            )
    node.close()
    report.write(
        "in_process",
        rows,
        about="Calls through the official client: the pond in process and the pond over HTTP",
        packages=["headpond", "elasticsearch", "elastic-transport", "uvicorn", "starlette"],
        goal="GET /_cluster/health in process: p50 <= 150 us",
    )


if __name__ == "__main__":
    main()
