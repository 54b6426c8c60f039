"""nDCG@10 of the shipped pipelines on judged collections: each leg alone, fused, and reranked.

Collections are folders in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv), looked for in `HEADPOND_COLLECTIONS`
(default: `../shared/data` beside the checkout). The quickstart's settings were picked with both collections in view,
from a region where their neighbours do well too: read the gain of the rerank, some thousandths, as "it does no harm".
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import nDCG

import headpond
from benchmarks import report
from headpond.pipeline import Pipeline
from headpond.pipeline.load import build, load
from headpond.pipeline.spec import PipelineSpec

DATA = Path(os.environ.get("HEADPOND_COLLECTIONS") or Path(__file__).parents[2] / "shared" / "data")
GOALS = {"cranfield": 0.43, "cacm": 0.55}


def lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open() as opened:
        yield from map(json.loads, opened)


def documents(collection: Path) -> Iterator[dict[str, Any]]:
    for line in lines(collection / "corpus.jsonl"):
        yield {"_id": line["_id"], "title": line.get("title", ""), "body": line["text"]}


def judgments(collection: Path) -> list[ir_measures.Qrel]:
    with (collection / "qrels.tsv").open() as opened:
        rows = list(csv.DictReader(opened, delimiter="\t"))
    return [ir_measures.Qrel(row["query-id"], row["corpus-id"], int(row["score"])) for row in rows]


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
    for name, leg in zip(("words (BM25)", "dense", "sparse"), legs, strict=True):

        def alone(changed: dict[str, Any], leg: dict[str, Any] = leg) -> None:
            changed["search"]["retriever"] = deepcopy(leg["retriever"])
            changed["response_processors"] = []

        add(name, alone)
    add("fused", lambda changed: changed.update(response_processors=[]))
    add("fused and reranked", lambda changed: None)
    return found


def main() -> None:
    rows = []
    reached = {}
    for name, goal in GOALS.items():
        collection = DATA / name
        if not collection.is_dir():
            print(f"{name} is not in {DATA}: left out")
            continue
        with headpond.connect("memory") as client:
            pipeline = headpond.load("quickstart", client=client)
            started = time.perf_counter()
            indexed = pipeline.ingest(documents(collection), index=name)
            print(f"{name}: {indexed.indexed} documents in {time.perf_counter() - started:.0f} s")
            qrels, queries = judgments(collection), list(lines(collection / "queries.jsonl"))
            scores = {}
            for variant, spec in variants(load("quickstart")).items():
                run, times = [], []
                for query in queries:
                    started = time.perf_counter()
                    answer = Pipeline(spec, client).search(query["text"], size=10, index=name)
                    times.append(1000 * (time.perf_counter() - started))
                    run += [
                        ir_measures.ScoredDoc(query["_id"], hit["_id"], 1 / rank)
                        for rank, hit in enumerate(answer["hits"]["hits"], 1)
                    ]
                scores[variant] = ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10]
                row = {"collection": name, "variant": variant, "nDCG@10": scores[variant]}
                rows.append({**row, "p50 ms": statistics.median(times)})
        whole = scores["fused and reranked"]
        reached[name] = {
            "goal": goal,
            "reached": bool(whole >= goal),
            "rerank does not lower it": bool(whole >= scores["fused"]),
        }
    report.write(
        "quality",
        rows,
        about="The quickstart pipeline on judged collections",
        packages=["headpond", "onnxruntime", "tokenizers", "numpy", "ir-measures"],
        goals=reached,
    )


if __name__ == "__main__":
    main()
