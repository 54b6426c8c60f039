"""nDCG@10 of the quickstart on judged collections: each leg alone, fused, and reranked, with bootstrap intervals.

Collections are folders in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv), looked for in `HEADPOND_COLLECTIONS`
(default: `../shared/data` beside the checkout). What is asked: is the whole pipeline better than its best single leg,
by more than chance? The best leg is chosen by the very queries it is compared on, which is in its favour. The
quickstart's settings were picked with both collections in view, from a region where their neighbours do well too: read
the gain of the rerank, some thousandths, as "it does no harm".
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import headpond
from benchmarks import report
from headpond.evaluation.compare import Difference, differences
from headpond.evaluation.evaluation import Evaluation
from headpond.pipeline import Pipeline
from headpond.pipeline.load import build, load
from headpond.pipeline.spec import PipelineSpec

DATA = Path(os.environ.get("HEADPOND_COLLECTIONS") or Path(__file__).parents[2] / "shared" / "data")
GOALS = {"cranfield": 0.43, "cacm": 0.55}
METRIC = "nDCG@10"
LEGS = ("words (BM25)", "dense", "sparse")
FUSED, WHOLE = "fused", "fused and reranked"


def documents(collection: Path) -> Iterator[dict[str, Any]]:
    with (collection / "corpus.jsonl").open() as opened:
        for line in map(json.loads, opened):
            yield {"_id": line["_id"], "title": line.get("title", ""), "body": line["text"]}


def variants(spec: PipelineSpec) -> dict[str, PipelineSpec]:
    """The pipeline's legs alone, its fusion without the rerank, and the whole."""
    data = spec.file.model_dump(by_alias=True, exclude_unset=True)
    found: dict[str, PipelineSpec] = {}

    def add(name: str, change: Callable[[dict[str, Any]], None]) -> None:
        changed = deepcopy(data)
        change(changed)
        changed["tests"] = []
        found[name] = build(changed, spec.where, name=spec.name, folder=None)

    legs = data["search"]["retriever"]["linear"]["retrievers"]
    for name, leg in zip(LEGS, legs, strict=True):

        def alone(changed: dict[str, Any], leg: dict[str, Any] = leg) -> None:
            changed["search"]["retriever"] = deepcopy(leg["retriever"])
            changed["response_processors"] = []

        add(name, alone)
    add(FUSED, lambda changed: changed.update(response_processors=[]))
    add(WHOLE, lambda changed: None)
    return found


def measured(name: str, collection: Path) -> dict[str, Evaluation]:
    """Each variant's evaluation."""
    with headpond.connect("memory") as client:
        started = time.perf_counter()
        indexed = headpond.load("quickstart", client=client).ingest(documents(collection), index=name)
        print(f"{name}: {indexed.indexed} documents in {time.perf_counter() - started:.0f} s")
        return {
            variant: headpond.evaluate(
                Pipeline(spec, client), collection / "queries.jsonl", collection / "qrels.tsv",
                metrics=METRIC, index=name,
            )
            for variant, spec in variants(load("quickstart")).items()
        }  # fmt: skip


def against(new: Evaluation, old: Evaluation) -> Difference:
    """By how much one is better than the other, query by query."""
    return differences(new.metrics, old.scores, new.scores)[0]


def told(name: str, one: Difference) -> dict[str, Any]:
    """A difference as the result file holds it."""
    interval = {"low": one.interval.low, "high": one.interval.high}
    return {"than": name, "difference": one.interval.mean, **interval, "verdict": one.verdict,
            "won": one.won, "lost": one.lost, "even": one.tied}  # fmt: skip


def main() -> None:
    rows = []
    found: dict[str, Any] = {}
    for name, goal in GOALS.items():
        collection = DATA / name
        if not collection.is_dir():
            print(f"{name} is not in {DATA}: left out")
            continue
        evaluations = measured(name, collection)
        values = {variant: one.value(METRIC) for variant, one in evaluations.items()}
        best = max(LEGS, key=lambda leg: values[leg].mean)
        for variant, one in evaluations.items():
            value, gain = values[variant], against(one, evaluations[best])
            rows.append(
                {
                    "collection": name, "variant": variant, METRIC: value.mean, "low": value.low, "high": value.high,
                    "over the best leg": gain.interval.mean, "from": gain.interval.low, "to": gain.interval.high,
                    "verdict": "the best leg" if variant == best else gain.verdict,
                    "degraded": len(one.run.degraded),
                }
            )  # fmt: skip
        found[name] = {
            "queries": len(evaluations[WHOLE].queries),
            "goal": goal,
            "reached": bool(values[WHOLE].mean >= goal),
            "hybrid and rerank": told(f"best single leg, {best}", against(evaluations[WHOLE], evaluations[best])),
            "hybrid": told(f"best single leg, {best}", against(evaluations[FUSED], evaluations[best])),
            "rerank": told("hybrid without it", against(evaluations[WHOLE], evaluations[FUSED])),
        }
    report.write(
        "quality",
        rows,
        about="The quickstart pipeline on judged collections, with 95 % bootstrap intervals over queries",
        packages=["headpond", "onnxruntime", "tokenizers", "numpy", "ir-measures"],
        goals=found,
    )


if __name__ == "__main__":
    main()
