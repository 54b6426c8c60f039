"""How many requests a job makes, on a pond whose fake endpoints count them."""

from __future__ import annotations

import random
from math import ceil, log2
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.pipeline.job import JobSettings
from headpond.pipeline.pace import tokens
from headpond.pipeline.pace.settings import Pace
from headpond.pipeline.report import Snapshot
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import QUICK, standard, turn


def dense(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Sections of a pipeline with nothing but dense vectors."""
    fields = [{"input_field": given, "output_field": to} for given, to in pairs]
    knn: dict[str, Any] = {"field": pairs[0][1], "k": 3, "num_candidates": 5}
    knn["query_vector_builder"] = {"text_embedding": {"model_id": "dense", "model_text": "{{query}}"}}
    return {
        "endpoints": {"dense": standard()["endpoints"]["dense"]},
        "processors": [{"inference": {"model_id": "dense", "input_output": fields}}],
        "search": {"retriever": {"knn": knn}},
        "response_processors": [],
    }


def mixed(number: int) -> list[str]:
    """Texts of very different lengths, none twice."""
    chance = random.Random(7)
    words = ["river", "wheel", "mill", "stone", "of", "water"]
    lengths = [min(600, max(1, int(chance.lognormvariate(3.2, 1.0)))) for _ in range(number)]
    return [f"{place} {' '.join(chance.choices(words, k=length))}" for place, length in enumerate(lengths)]


@pytest.mark.parametrize(("inputs", "budget"), [(64, 50_000), (500, 4_000)])
def test_ten_thousand_mixed_texts_of_two_fields_go_in_full_requests(build: Build, inputs: int, budget: int) -> None:
    texts = mixed(10_000)
    records = [{"_id": str(place), "a": texts[place], "b": texts[place + 5_000]} for place in range(5_000)]
    pace = Pace(inputs=inputs, tokens=budget, retry=QUICK)
    settings = JobSettings(pace=pace, retry=QUICK, use_cache=False, bulk_documents=37)
    report = build(**dense(("a", "va"), ("b", "vb"))).ingest(records, settings=settings)
    assert (report.indexed, report.inference.inputs) == (5_000, 10_000)
    fewest = max(ceil(10_000 / inputs), ceil(sum(map(tokens.estimate, texts)) / budget))
    assert report.inference.requests <= 1.05 * fewest


def test_one_rejected_text_of_a_batch_costs_few_more_requests(es: Elasticsearch, build: Build) -> None:
    pipeline = build(**dense(("a", "va")))
    pipeline.apply()
    turn(es, "dense", fail_on="poison", status=400, retry=False)
    for place in (0, 20, 63):
        records = [{"_id": str(number), "a": f"{place} and {number}"} for number in range(64)]
        records[place]["a"] += " poison"
        settings = JobSettings(pace=Pace(inputs=64, retry=QUICK), retry=QUICK, use_cache=False)
        report = pipeline.ingest(records, index=f"poison-{place}", settings=settings)
        assert (report.indexed, report.dead_lettered) == (63, 1)
        assert report.inference.requests <= 1 + 2 * log2(64)


def test_a_text_that_two_fields_and_many_records_share_is_sent_once(build: Build) -> None:
    records = [{"_id": str(place), "a": f"text {place % 7}", "b": f"text {place % 5}"} for place in range(4_000)]
    settings = JobSettings(pace=Pace(retry=QUICK), retry=QUICK, window=100)
    report = build(**dense(("a", "va"), ("b", "vb"))).ingest(records, settings=settings)
    assert (report.indexed, report.inference.inputs, report.inference.cached) == (4_000, 7, 7_993)


def test_the_present_concurrency_is_shown(build: Build) -> None:
    seen: list[Snapshot] = []
    report = build(**dense(("a", "va"))).ingest([{"a": "one"}], on_progress=seen.append)
    assert report.indexed == 1
    assert seen[-1].concurrency["dense"] >= 1
