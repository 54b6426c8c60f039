"""From Python: a pipeline, queries and judgments in, what is known about it out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond.errors import InputError, PipelineError, TargetError, UnknownNameError
from headpond.evaluation.saved_run import write_run
from headpond.pipeline import Pipeline
from tests.evaluation.conftest import QUERIES, Collection
from tests.pipeline.pipelines import pipeline, turn


def test_a_pipeline_is_scored_on_what_its_search_gives(words: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(words, collection.queries, collection.qrels, metrics="P@3")
    by_hand = [
        sum(collection.qrels[id][hit["_id"]] > 0 for hit in words.search(text, size=3)["hits"]["hits"]) / 3
        for id, text in collection.queries.items()
    ]
    assert found.scores[:, 0] == pytest.approx(by_hand)
    value = found.value("P@3")
    assert value.low <= value.mean <= value.high
    assert value.mean == pytest.approx(np.mean(by_hand))
    assert found.warnings == []


def test_times_requests_and_cost_are_counted(hybrid: Pipeline, collection: Collection) -> None:
    run = headpond.evaluate(hybrid, collection.queries, collection.qrels, metrics="RR@10").run
    assert set(run.seconds) == set(collection.queries)
    times = run.latency()
    assert 0 < times["p50"] <= times["p95"] <= times["p99"]
    # The first query is asked once more, before the clock runs.
    assert {id: one.requests for id, one in run.spent.items()} == dict.fromkeys(
        ["dense", "sparse", "order"], QUERIES + 1
    )
    assert run.spent["order"].estimated == 0
    assert run.cost == pytest.approx(run.spent["order"].tokens * 2e-6)
    assert run.currency == "USD"


def test_workers_find_the_same(hybrid: Pipeline, collection: Collection) -> None:
    told: list[tuple[str, int, int]] = []
    one = headpond.evaluate(hybrid, collection.queries, collection.qrels)
    four = headpond.evaluate(
        hybrid, collection.queries, collection.qrels, workers=4, on_progress=lambda *args: told.append(args)
    )
    assert np.array_equal(one.scores, four.scores)
    assert list(four.run.rankings) == list(collection.queries)
    assert sorted(done for _, done, _ in told) == list(range(1, QUERIES + 1))
    assert {(what, total) for what, _, total in told} == {("standard", QUERIES)}


def test_two_pipelines_are_compared_query_by_query(hybrid: Pipeline, words: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, against=words)
    other = headpond.evaluate(words, collection.queries, collection.qrels)
    one = found.difference("nDCG@10")
    assert one.old == pytest.approx(other.value("nDCG@10").mean)
    assert one.interval.mean == pytest.approx(one.new - one.old)
    changes = found.changes("nDCG@10")
    assert [change.difference for change in changes] == sorted(change.difference for change in changes)
    assert len(changes) == one.won + one.lost
    assert changes[0].text == collection.queries[changes[0].query]


def test_a_loss_is_told_and_decides_only_where_it_is_asked_to(
    hybrid: Pipeline, words: Pipeline, collection: Collection
) -> None:
    # BM25 finds documents with both words first; the fake reranker knows nothing of how often a word is there.
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, metrics="RR@10,nDCG@10", against=words)
    assert found.difference("nDCG@10").verdict == "worse"
    assert found.difference("RR@10").verdict == "no difference shown"
    assert found.losses() == []
    assert found.losses(["RR@10"]) == []
    assert found.losses(["nDCG@10"])[0].startswith("nDCG@10 fell from ")
    assert found.below({"RR@10": 0.5}) == []
    assert found.below({"RR@10": 1.5}) == [f"RR@10 is {found.value('RR@10').mean:.4f}, below 1.5"]
    with pytest.raises(UnknownNameError):
        found.below({"AP": 0.5})


def test_a_saved_run_stands_for_its_pipeline(words: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(words, collection.queries, collection.qrels)
    write_run("words.trec", found.run.rankings, "words")
    again = headpond.evaluate("words.trec", collection.queries, collection.qrels)
    assert np.array_equal(again.scores, found.scores)
    assert again.run.name == "words"
    assert again.run.latency() == {}
    same = headpond.evaluate(words, collection.queries, collection.qrels, against=Path("words.trec"))
    assert {one.interval.mean for one in same.differences} == {0.0}
    assert same.changes() == []


def test_a_run_that_lacks_queries_scores_zero_for_them(words: Pipeline, collection: Collection) -> None:
    rankings = headpond.evaluate(words, collection.queries, collection.qrels).run.rankings
    del rankings["q0"]
    write_run("words.trec", rankings, "words")
    found = headpond.evaluate("words.trec", collection.queries, collection.qrels)
    assert found.scores[0].tolist() == [0] * len(found.metrics)
    assert "answers 1 of 24 queries not at all" in found.warnings[0]


def test_queries_and_judgments_that_do_not_meet_are_counted(words: Pipeline, collection: Collection) -> None:
    queries = {**collection.queries, "extra": "a boat"}
    qrels = {**collection.qrels, "other": {"d1": 1}, "q1": {"d1": 0}}
    found = headpond.evaluate(words, queries, qrels, metrics="RR@10")
    assert len(found.queries) == QUERIES
    assert found.warnings[:3] == [
        "1 of 25 queries have no judgments and are not asked",
        "1 judged queries are not among the queries and are not counted",
        "1 queries have no relevant document; whatever is found, they score 0",
    ]


def test_ids_that_never_meet_are_an_error_with_examples(words: Pipeline, collection: Collection) -> None:
    renamed = {id: {f"doc-{document}": grade for document, grade in grades.items()} for id, grades in
               collection.qrels.items()}  # fmt: skip
    with pytest.raises(InputError) as caught:
        headpond.evaluate(words, collection.queries, renamed)
    told = str(caught.value)
    assert "'doc-d0', 'doc-d1', 'doc-d10'" in told
    assert "'d0'" in told
    assert "index [things]" in told
    with pytest.raises(InputError, match="ids are like 'topic-q0'"):
        headpond.evaluate(words, {f"topic-{id}": text for id, text in collection.queries.items()}, collection.qrels)
    write_run("other.trec", {"q0": [("x", 1.0)]}, "other")
    with pytest.raises(InputError, match="no judged document is in the run"):
        headpond.evaluate("other.trec", collection.queries, collection.qrels)
    write_run("other.trec", {"z": [("x", 1.0)]}, "other")
    with pytest.raises(InputError, match="answers none of the judged queries"):
        headpond.evaluate("other.trec", collection.queries, collection.qrels)


def test_judged_documents_that_the_index_lacks_are_counted(words: Pipeline, collection: Collection) -> None:
    qrels = {**collection.qrels, "q0": {**collection.qrels["q0"], "gone": 1}}
    found = headpond.evaluate(words, collection.queries, qrels, metrics="RR@10")
    assert found.warnings == ["1 of 61 judged documents are not in index [things]"]


def test_unjudged_hits_are_warned_of(words: Pipeline, collection: Collection) -> None:
    def third(grades: dict[str, int]) -> dict[str, int]:
        return {document: grade for document, grade in grades.items() if int(document[1:]) % 3 == 0}

    qrels = {id: third(grades) for id, grades in collection.qrels.items()}
    found = headpond.evaluate(words, collection.queries, qrels)
    share = found.value("Judged@10").mean
    assert share < 0.8
    assert any(line.startswith(f"{share:.0%} of the first 10 hits of standard") for line in found.warnings)


def test_metrics_beyond_what_a_pipeline_ranks_are_said_to_be(hybrid: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, metrics="nDCG@10,R@100,AP")
    assert found.run.size == 40
    assert found.warnings == ["R@100, AP: over 40 hits, which is all that standard ranks"]


def test_degraded_answers_are_counted(es: Elasticsearch, hybrid: Pipeline, collection: Collection) -> None:
    turn(es, "order", status=400, retry=False)
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, metrics="RR@10")
    assert len(found.run.degraded) == QUERIES
    assert any("24 of 24 answers of standard were degraded" in line for line in found.warnings)


def test_a_sample_is_the_same_for_the_same_seed(words: Pipeline, collection: Collection) -> None:
    def sampled(seed: int) -> list[str]:
        return list(headpond.evaluate(words, collection.queries, collection.qrels, sample=12, seed=seed).queries)

    assert len(sampled(1)) == 12
    assert sampled(1) == sampled(1)
    assert sampled(1) != sampled(2)


def test_few_queries_get_no_verdict(hybrid: Pipeline, words: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, against=words, sample=5)
    assert found.difference("nDCG@10").verdict == "too few queries"
    assert found.losses() == []
    assert any("5 queries are too few" in line for line in found.warnings)


def test_what_cannot_be_searched_is_an_error(es: Elasticsearch, words: Pipeline, collection: Collection) -> None:
    with pytest.raises(InputError, match="has no `search`"):
        headpond.evaluate(pipeline(es, search=None), collection.queries, collection.qrels)
    with pytest.raises(TargetError, match="query 'q0': there is no index"):
        headpond.evaluate(words, collection.queries, collection.qrels, index="gone")
    wrong = pipeline(es, search={"query": {"no_such_query": {}}}, response_processors=[])
    with pytest.raises(PipelineError, match="no_such_query"):
        headpond.evaluate(wrong, collection.queries, collection.qrels)
    with pytest.raises(InputError, match="with a pipeline only"):
        headpond.evaluate("some.trec", collection.queries, collection.qrels, depths=[10])


def test_the_json_holds_everything(hybrid: Pipeline, words: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, against=words).to_json()
    assert found["queries"] == QUERIES
    assert set(found["metrics"]) == {"nDCG@10", "RR@10", "R@100", "AP@100", "Judged@10"}
    assert found["per_query"]["q3"]["text"] == collection.queries["q3"]
    mean = sum(one["nDCG@10"] for one in found["per_query"].values()) / QUERIES
    assert found["metrics"]["nDCG@10"]["value"] == pytest.approx(mean)
    assert found["cost"]["endpoints"]["order"]["requests"] == QUERIES + 1
    assert found["interval"]["seed"] == 0
