from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from headpond.stages.response._depth import FIRST, Depth
from headpond.stages.response._rerank_spec import RerankSpec
from headpond.stages.response.base import Results
from headpond.stages.response.rerank import Rerank

Score = Callable[[str], float]


class Scores:
    """A reranker that scores a text by a function."""

    def __init__(self, score: Score) -> None:
        self._score = score
        self.asked: list[str] = []

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        self.asked += texts
        return [self._score(text) for text in texts]


def by_length(text: str) -> float:
    return float(len(text))


def refuse(text: str) -> float:
    raise RuntimeError("the model is ill")


def too_late(text: str) -> float:
    raise TimeoutError


def hits(*bodies: Any) -> list[dict[str, Any]]:
    count = len(bodies)
    return [{"_id": str(place), "_score": float(count - place), "_source": {"body": body}}
            for place, body in enumerate(bodies)]  # fmt: skip


def rerank(found: list[dict[str, Any]], score: Score = by_length, query: str | None = "q", **options: Any) -> Results:
    results = Results(found, query, Scores(score))
    spec = RerankSpec.model_validate({"inference_id": "r", "field": "body", **options})
    Rerank(spec, "response_processors[0].rerank").process(results)
    return results


def ids(results: Results) -> list[str]:
    return [hit["_id"] for hit in results.hits]


def test_the_best_text_comes_first() -> None:
    results = rerank(hits("a", "aaa", "aa"))
    assert ids(results) == ["1", "2", "0"]
    assert [hit["_score"] for hit in results.hits] == [3.0, 2.0, 1.0]
    assert results.degraded == []


def test_a_hit_says_where_it_was_and_what_earned_its_place() -> None:
    first = rerank(hits("a", "aaa")).hits[0]
    assert first["_headpond"] == {
        "rank_before": 2,
        "score_before": 1.0,
        "rerank_score": 3.0,
        "passage": {"field": "body", "text": "aaa"},
    }


def test_the_first_stage_keeps_its_share() -> None:
    results = rerank(hits("a", "aa", "aaa"), weight=0.4)
    assert ids(results) == ["0", "1", "2"]
    assert [hit["_score"] for hit in results.hits] == pytest.approx([0.6, 0.5, 0.4])


def test_hits_behind_the_window_stay_there_and_scores_never_rise() -> None:
    results = rerank(hits("a", "aaa", "aaaaa", "aaaa"), window=2)
    assert ids(results) == ["1", "0", "2", "3"]
    scores = [hit["_score"] for hit in results.hits]
    assert scores == sorted(scores, reverse=True)


def test_a_hit_without_the_field_keeps_its_place() -> None:
    results = rerank(hits("a", None, "aaa"))
    assert ids(results) == ["2", "1", "0"]
    assert results.hits[1]["_headpond"]["skipped"] == "no text in [body]"


def test_only_the_top_are_kept() -> None:
    assert ids(rerank(hits("a", "aaa", "aa"), top_n=2)) == ["1", "2"]


def test_a_hit_is_as_good_as_its_best_passage() -> None:
    found = [
        {"_id": "x", "_score": 2.0, "_source": {"p": [{"text": "aa"}, {"text": "a"}]}},
        {
            "_id": "y",
            "_score": 1.0,
            "_source": {"p": [{"text": "a", "start": 0, "end": 1}, {"text": "aaa", "start": 2, "end": 5}]},
        },
    ]
    results = rerank(found, field="p.text")
    assert ids(results) == ["y", "x"]
    assert results.hits[0]["_headpond"]["passage"] == {"field": "p.text", "text": "aaa", "start": 2, "end": 5}


def test_several_fields_are_one_text() -> None:
    found = [{"_id": "x", "_score": 1.0, "_source": {"title": "T", "body": "B"}}]
    scores = Scores(by_length)
    spec = RerankSpec(inference_id="r", field=["title", "body"])
    Rerank(spec, "rerank").process(Results(found, "q", scores))
    assert scores.asked == ["T\nB"]


def test_of_a_long_text_only_the_passages_with_the_querys_words_are_ranked() -> None:
    sentence = "This says nothing of any use to anyone at all in the whole world, and goes on for some time. "
    text = sentence * 3 + "The mill grinds corn. " + sentence * 3
    scores = Scores(by_length)
    spec = RerankSpec.model_validate(
        {
            "inference_id": "r",
            "field": "body",
            "chunk_rescorer": {
                "size": 1,
                "chunking_settings": {"strategy": "sentence", "max_chunk_size": 20, "sentence_overlap": 0},
            },
        }
    )
    results = Results(hits(text), "which mills grind corn", scores)
    Rerank(spec, "rerank").process(results)
    assert len(scores.asked) == 1
    assert "grinds corn" in scores.asked[0]
    passage = results.hits[0]["_headpond"]["passage"]
    assert text[passage["start"] : passage["end"]] == passage["text"]


@pytest.mark.parametrize(
    ("score", "query", "reason"),
    [
        (refuse, "q", "[r] failed: the model is ill"),
        (too_late, "q", "no answer of [r] within the deadline of 1s"),
        (lambda _: float("nan"), "q", "[r] answered nonsense: 2 scores for 2 texts, or no numbers"),
        (by_length, None, "the query has no text to rank by"),
        (by_length, "  ", "the query has no text to rank by"),
    ],
)
def test_what_goes_wrong_leaves_the_hits_as_they_were(score: Score, query: str | None, reason: str) -> None:
    results = rerank(hits("a", "aaa"), score, query)
    assert results.hits == hits("a", "aaa")
    assert [(item.stage, item.reason) for item in results.degraded] == [("response_processors[0].rerank", reason)]


def test_without_any_text_the_answer_says_so() -> None:
    assert rerank(hits(1, ["", 2])).degraded[0].reason == "no hit has a text in [body]"


def test_no_hits_are_no_problem() -> None:
    assert rerank([]).degraded == []


def test_hits_of_a_sorted_search_have_places_instead_of_scores() -> None:
    found = [{**hit, "_score": None} for hit in hits("a", "aa", "aaa")]
    assert ids(rerank(found, weight=0.4)) == ["0", "1", "2"]


def test_hits_can_be_ranked_by_a_template() -> None:
    found = [
        {"_id": "x", "_score": 3.0, "_source": {"title": "T", "tags": ["a", "b"]}},
        {"_id": "y", "_score": 2.0, "_source": {"other": "text"}},
        {"_id": "z", "_score": 1.0, "_source": {"title": "A longer title"}},
    ]
    scores = Scores(by_length)
    template = "Title: {{title}} ({{#join}}tags{{/join}})"
    stage = Rerank(RerankSpec(inference_id="r", template=template), "rerank")
    assert stage.fields() == ["title", "tags"]
    results = Results(found, "q", scores)
    stage.process(results)
    assert scores.asked == ["Title: T (a,b)", "Title: A longer title ()"]
    assert ids(results) == ["z", "y", "x"]
    assert results.hits[0]["_headpond"]["passage"] == {"field": "title,tags", "text": "Title: A longer title ()"}
    assert results.hits[1]["_headpond"]["skipped"] == "no text in [title, tags]"


def test_a_templates_text_is_cut_too() -> None:
    spec = {"inference_id": "r", "template": "{{body}}", "chunk_rescorer": {"size": 2, "chunking_settings": {
        "strategy": "recursive", "max_chunk_size": 10, "separators": [" "]}}}  # fmt: skip
    scores = Scores(by_length)
    Rerank(RerankSpec.model_validate(spec), "rerank").process(Results(hits("word " * 15), "q", scores))
    assert [len(text.split()) for text in scores.asked] == [10, 5]


def test_hits_the_reranker_thinks_little_of_are_left_out() -> None:
    results = rerank(hits("a", "aaa", None, "aa", "aaaaaa"), min_score=2, window=4)
    assert ids(results) == ["1", "3", "2"]
    assert ids(rerank(hits("a", "aaa"), refuse, min_score=2)) == ["0", "1"]


def test_a_giant_text_is_cut_and_said() -> None:
    results = rerank(hits("a" * 20_000, "b"))
    note = results.hits[0]["_headpond"]
    assert (note["rerank_score"], note["cut_at"], len(note["passage"]["text"])) == (16_000, 16_000, 16_000)
    assert "cut_at" not in results.hits[1]["_headpond"]


def test_a_text_that_no_json_can_hold_is_sent_without_what_it_cannot() -> None:
    scores = Scores(by_length)
    Rerank(RerankSpec(inference_id="r", field=["body"]), "rerank").process(Results(hits("M\ud800hle"), "q", scores))
    assert scores.asked == ["M?hle"]


def test_notes_of_earlier_stages_are_kept() -> None:
    found = hits("a", "aaa")
    found[1]["_headpond"] = {"legs": [{"leg": "knn", "rank": 1}]}
    note = rerank(found).hits[0]["_headpond"]
    assert (note["legs"], note["rank_before"]) == ([{"leg": "knn", "rank": 1}], 2)


def test_of_an_endpoint_nobody_knows_little_is_asked() -> None:
    results = rerank(hits(*["a"] * 40), window="auto", deadline="60s")
    (degraded,) = results.degraded
    assert degraded.reason == "ranked 16 of 40 hits: more would not fit into the deadline of 60s"
    assert ["rerank_score" in hit["_headpond"] for hit in results.hits] == [True] * 16 + [False] * 24


def test_as_many_hits_are_ranked_as_fit_into_the_deadline() -> None:
    spec = RerankSpec(inference_id="r", field=["body"], window="auto", max_window=30, deadline="60s")
    stage = Rerank(spec, "rerank")
    assert stage.window == 30
    depth = stage._rankers[0].depth
    assert depth is not None
    depth.took(64, 10)
    results = Results(hits(*["a"] * 40), "q", Scores(by_length))
    stage.process(results)
    (degraded,) = results.degraded
    assert degraded.reason == "ranked 7 of 30 hits: more would not fit into the deadline of 60s"
    for _ in range(40):  # this reranker is quick, and that is learnt
        depth.took(0.01, 10)
    results = Results(hits(*["a"] * 40), "q", Scores(by_length))
    stage.process(results)
    assert results.degraded == []


def test_what_a_text_takes_is_a_moving_estimate() -> None:
    depth = Depth()
    assert depth.fitting(0.1) == FIRST
    depth.took(1.0, 10)
    assert depth.seconds == pytest.approx(0.1)
    assert depth.fitting(1.05) == 8
    depth.took(2.0, 10)
    assert depth.seconds == pytest.approx(0.13)
    depth.late(1.0, 4)
    assert depth.seconds == pytest.approx(0.5)
    assert depth.fitting(0.01) == 1
    depth.took(0.0001, 10)  # of scores that were kept nothing is learnt
    assert depth.seconds == pytest.approx(0.5)


def test_many_threads_may_learn_at_once() -> None:
    depth = Depth()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: depth.took(1.0, 10), range(1000)))
    assert depth.seconds == pytest.approx(0.1)


def test_a_late_answer_makes_the_next_question_smaller() -> None:
    stage = Rerank(RerankSpec(inference_id="r", field=["body"], window="auto", deadline="60s"), "rerank")
    stage.process(Results(hits(*["a"] * 40), "q", Scores(too_late)))
    scores = Scores(by_length)
    stage.process(Results(hits(*["a"] * 40), "q", scores))
    assert len(scores.asked) == 6


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, "either"),
        ({"field": "a", "template": "{{a}}"}, "either"),
        ({"template": "{{#if}}"}, "not supported"),
        ({"field": "a", "window": 0}, "window"),
        ({"field": "a", "window": "all"}, "window"),
        ({"field": "a", "max_window": 5}, "max_window"),
        ({"field": "a", "min_score": float("nan")}, "min_score"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        RerankSpec.model_validate({"inference_id": "r", **options})


@pytest.mark.parametrize("deadline", ["0s", "-1", "soon", "1.5s"])
def test_a_deadline_is_a_time_above_zero(deadline: str) -> None:
    with pytest.raises(ValueError, match="deadline"):
        RerankSpec.model_validate({"inference_id": "r", "field": "body", "deadline": deadline})
