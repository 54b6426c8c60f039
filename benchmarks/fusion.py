"""Fusing two legs of 1,000 hits: headpond's rrf and linear beside ranx's and beside a plain dict.

The legs share half of their hits and lie in memory as `(id, score)` pairs, as answers of a target give them; ids are
pairs of index and id as the client has them, for ranx the texts that it needs. A list of ids with scores, best first,
comes out. ranx is compiled with numba: it is warmed up, and measured with its `Run` objects made beforehand too. It
runs in an environment of its own (`peers.py`), on the same legs. Times are of the CPU, so that a busy machine does not
count.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import peers, report
from headpond import ranking

HITS = 1_000
SHARED = 500
ROUNDS = 400
PEER_ROUNDS = 60
GOAL_MS = 2.0

Pairs = list[tuple[tuple[str, str], float]]


def legs() -> tuple[Pairs, Pairs]:
    """Two ranked lists; scores as BM25 and cosine similarity have them."""
    rng = random.Random(7)
    ids = [("things", f"{number:08x}") for number in rng.sample(range(1 << 32), 2 * HITS - SHARED)]
    first, second = ids[:HITS], ids[HITS - SHARED :]
    rng.shuffle(first)
    rng.shuffle(second)
    words = sorted((rng.expovariate(0.2) for _ in range(HITS)), reverse=True)
    near = sorted((rng.uniform(0.5, 1.0) for _ in range(HITS)), reverse=True)
    return list(zip(first, words, strict=True)), list(zip(second, near, strict=True))


def plain_rrf(both: tuple[Pairs, Pairs]) -> Pairs:
    """What one would write: a dict, and a sort."""
    scores: dict[tuple[str, str], float] = {}
    for leg in both:
        for rank, (id, _) in enumerate(leg, 1):
            scores[id] = scores.get(id, 0.0) + 1 / (60 + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])


def plain_linear(both: tuple[Pairs, Pairs]) -> Pairs:
    """The same with min-max normalisation."""
    scores: dict[tuple[str, str], float] = {}
    for leg in both:
        low, high = min(score for _, score in leg), max(score for _, score in leg)
        for id, score in leg:
            scores[id] = scores.get(id, 0.0) + (score - low) / (high - low)
    return sorted(scores.items(), key=lambda pair: -pair[1])


def work(both: tuple[Pairs, Pairs]) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    ages = {id: number for number, (id, _) in enumerate([*both[0], *both[1]])}
    tie = ages.__getitem__
    found: dict[str, Callable[[], Any]] = {
        "headpond rrf": lambda: ranking.rrf(both, tie=tie).pairs(),
        "headpond linear minmax": lambda: ranking.linear(both, None, "minmax", tie=tie).pairs(),
        "headpond linear zscore": lambda: ranking.linear(both, None, "zscore", tie=tie).pairs(),
        "headpond linear atan": lambda: ranking.linear(both, None, "atan", tie=tie).pairs(),
        "plain dict rrf": lambda: plain_rrf(both),
        "plain dict linear minmax": lambda: plain_linear(both),
    }
    return found


RANX = """
import json, statistics, sys, time
from ranx import Run, fuse

legs, rounds = json.load(sys.stdin)
named = [{"q": dict(leg)} for leg in legs]
runs = [Run(leg) for leg in named]

def made(**options):
    return fuse(runs=[Run(leg) for leg in named], **options).to_dict()["q"]

calls = {
    "ranx rrf": lambda: made(method="rrf", params={"k": 60}),
    "ranx rrf, runs made before": lambda: fuse(runs=runs, method="rrf", params={"k": 60}),
    "ranx sum, min-max": lambda: made(method="sum", norm="min-max"),
}
found = {"order": list(made(method="rrf", params={"k": 60}).items())}
for name, call in calls.items():
    times = []
    for turn in range(5 + rounds):
        started = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - started))
    cuts = statistics.quantiles(times[5:], n=100)
    found[name] = cuts[49], cuts[98]
json.dump(found, sys.stdout)
"""


def ranx(both: tuple[Pairs, Pairs], interpreter: Path) -> dict[str, Any]:
    """What ranx makes of the same legs: `order`, and for each call the CPU milliseconds p50 and p99."""
    named = [[(id, score) for (_, id), score in leg] for leg in both]
    asked = json.dumps([named, PEER_ROUNDS])
    done = subprocess.run([interpreter, "-c", RANX], input=asked, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(one: Callable[[], Any]) -> tuple[float, float]:
    """CPU milliseconds, p50 and p99."""
    for _ in range(20):
        one()
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        one()
        times.append(1e3 * (time.process_time() - started))
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


def check(order: list[tuple[str, float]], scores: dict[str, float]) -> None:
    """Whoever fuses, the scores are the same.

    Raises:
        RuntimeError: they are not.
    """
    if len(order) != len(scores) or any(abs(scores[id] - score) > 1e-6 for id, score in order):
        raise RuntimeError("not the same scores")


def main() -> None:
    both = legs()
    interpreter = peers.python("ranx")
    theirs = ranx(both, interpreter)
    expected = {id: score for (_, id), score in plain_rrf(both)}
    check(theirs.pop("order"), expected)
    check([(id, score) for (_, id), score in ranking.rrf(both).pairs()], expected)
    times = {name: measure(one) for name, one in work(both).items()} | theirs
    rows = [{"what": name, "p50 ms": p50, "p99 ms": p99} for name, (p50, p99) in times.items()]
    own = times["headpond rrf"][0]
    others = ("plain dict rrf", "ranx rrf", "ranx rrf, runs made before")
    report.write(
        "fusion",
        rows,
        about=f"Fusing two legs of {HITS} hits, {SHARED} of them in both: CPU time",
        packages=["headpond", "numpy"],
        peers=peers.versions(interpreter, "ranx", "numba"),
        goal=f"rrf p50 <= {GOAL_MS} ms of CPU",
        reached=own <= GOAL_MS,
        ratios={f"{name} / headpond rrf": round(times[name][0] / own, 2) for name in others},
    )


if __name__ == "__main__":
    main()
