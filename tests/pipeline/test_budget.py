"""Limits on what a run may spend: it ends within one request, and the next run goes on."""

from __future__ import annotations

from typing import Any

import pytest
from elastic_transport import TransportError
from elasticsearch import Elasticsearch

from headpond.errors import InputError
from headpond.pipeline import IngestStoppedError, embedder
from headpond.pipeline.budget import Budget, BudgetSpentError
from headpond.pipeline.job import JobSettings
from headpond.pipeline.spec import Price
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, count, fake, standard, turn

RECORDS = [{"_id": str(number), "body": f"these are five words {number}"} for number in range(1000)]
DENSE = [{"inference": {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}}]
# 1,000 texts of 5 words each, 64 in a request.


def limited(**limits: float) -> JobSettings:
    return JobSettings(pace=SETTINGS.pace, retry=SETTINGS.retry, window=64, workers=1, **limits)  # type: ignore[arg-type]


def test_a_run_ends_before_the_request_that_would_pass_the_limit_and_the_next_ones_go_on(
    es: Elasticsearch, build: Build
) -> None:
    pipeline = build(processors=DENSE)
    tokens = runs = 0
    while count(es) < 1000 if runs else True:
        try:
            report = pipeline.ingest(RECORDS, settings=limited(max_tokens=1500))
        except IngestStoppedError as stopped:
            report = stopped.report
        assert report.inference.tokens is not None
        assert report.inference.tokens <= 1500
        assert report.read == report.indexed + report.unchanged + report.dead_lettered
        tokens += report.inference.tokens
        runs += 1
        assert runs < 10
    assert report.complete
    assert (count(es), tokens) == (1000, 5000)
    assert runs >= 4


def test_what_was_paid_for_is_indexed(es: Elasticsearch, build: Build) -> None:
    with pytest.raises(IngestStoppedError) as stopped:
        build(processors=DENSE).ingest(RECORDS, settings=limited(max_tokens=1500))
    report = stopped.value.report
    assert isinstance(stopped.value.__cause__, BudgetSpentError)
    assert "the limit of 1,500 tokens is reached" in str(stopped.value)
    assert "run the same command again to go on" in str(stopped.value)
    assert not report.complete
    assert report.indexed == report.inference.inputs == count(es) > 100


@pytest.mark.parametrize("most", [450, 1500])
def test_what_was_paid_for_is_indexed_whatever_a_window_holds(es: Elasticsearch, build: Build, most: int) -> None:
    settings = JobSettings(pace=SETTINGS.pace, retry=SETTINGS.retry, use_cache=False, max_tokens=most)
    with pytest.raises(IngestStoppedError) as stopped:
        build(processors=DENSE).ingest(RECORDS, settings=settings)
    report = stopped.value.report
    assert isinstance(stopped.value.__cause__, BudgetSpentError)
    assert report.indexed == report.inference.inputs == count(es) >= 64
    assert report.read == report.indexed
    assert report.inference.tokens == 5 * report.indexed <= most


def test_requests_that_are_turned_away_cost_nothing(es: Elasticsearch, build: Build) -> None:
    pipeline = build(processors=DENSE)
    pipeline.apply()
    turn(es, "dense", fail_first_n=30, status=429, retry=False)
    report = pipeline.ingest(RECORDS[:64], settings=limited(max_tokens=500))
    assert (report.indexed, report.inference.tokens, report.inference.retries) == (64, 320, 30)


def test_requests_that_found_no_connection_cost_nothing(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Elasticsearch("http://127.0.0.1:1", max_retries=0) as gone, pytest.raises(TransportError) as refused:
        gone.info()
    failures, ask = iter([refused.value] * 3), embedder.infer

    def infer(*args: Any, **options: Any) -> Any:
        for failure in failures:
            raise failure
        return ask(*args, **options)

    monkeypatch.setattr(embedder, "infer", infer)
    report = build(processors=DENSE).ingest(RECORDS[:64], settings=limited(max_tokens=500))
    assert (report.indexed, report.inference.tokens, report.inference.retries) == (64, 320, 3)
    assert report.to_json()["spent"]["dense"]["estimated_tokens"] == 0


def test_a_limit_on_cost_counts_tokens_and_requests(build: Build) -> None:
    prices = {"dense": {"per_million_tokens": 100, "per_thousand_requests": 1, "currency": "EUR"}}
    with pytest.raises(IngestStoppedError) as stopped:
        build(processors=DENSE, prices=prices).ingest(RECORDS, settings=limited(max_cost=0.2))
    report = stopped.value.report
    assert report.cost is not None
    assert report.inference.tokens is not None
    assert 0.1 < report.cost <= 0.2
    assert report.cost == pytest.approx(report.inference.tokens * 1e-4 + report.inference.requests * 1e-3)
    assert report.currency == "EUR"
    assert "0.2 EUR is reached" in str(stopped.value)
    shown = report.to_json()
    assert shown["spent"]["dense"]["tokens"] == report.inference.tokens
    assert shown["cost"] == pytest.approx(report.cost)


def test_without_a_price_a_limit_on_cost_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InputError, match=r"endpoint \[remote\] has no price"):
        Budget({}, max_cost=1).check({"remote": "openai", "local": "elasticsearch"})
    Budget({}, max_cost=1).check({"local": "elasticsearch"})
    prices = {"a": Price(currency="USD"), "b": Price(currency="EUR")}
    with pytest.raises(InputError, match="EUR and USD"):
        Budget(prices, max_cost=1).check({"a": "openai", "b": "openai"})


def test_requests_that_are_on_their_way_count_with_their_estimate() -> None:
    budget = Budget({"a": Price(per_million_tokens=1)}, max_tokens=100)
    budget.charge("a", 60, 1)
    with pytest.raises(BudgetSpentError):
        budget.charge("a", 60, 1)
    budget.correct("a", 60, 30)
    budget.charge("a", 60, 1)
    spent = budget.spent()["a"]
    assert (spent.requests, spent.tokens, spent.estimated) == (2, 90, 60)
    assert budget.cost() == pytest.approx(90e-6)


def test_prices_of_what_is_not_there_and_in_two_currencies_are_found_by_lint(build: Build) -> None:
    prices = {"dens": {"per_million_tokens": 1}, "sparse": {"per_million_tokens": 1, "currency": "EUR"}}
    found = [finding for finding in build(prices=prices).lint() if finding.level == "error"]
    assert [finding.code for finding in found] == ["undeclared-endpoint", "mixed-currencies"]
    assert "did you mean 'dense'?" in found[0].message


def test_a_pipeline_keeps_its_digests_when_only_prices_change(build: Build) -> None:
    build(processors=DENSE).ingest(RECORDS[:5], settings=SETTINGS)
    endpoints = {**standard()["endpoints"], "sparse": fake("sparse_embedding")}
    again = build(processors=DENSE, endpoints=endpoints, prices={"dense": {"per_million_tokens": 1}})
    assert again.ingest(RECORDS[:5], settings=SETTINGS).unchanged == 5
