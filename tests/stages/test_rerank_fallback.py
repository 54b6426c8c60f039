"""A second endpoint ranks when the first does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from headpond.stages.deadline import Deadline
from headpond.stages.inference import NotAskedError
from headpond.stages.response._rerank_spec import RerankSpec
from headpond.stages.response.base import Results
from headpond.stages.response.rerank import Rerank
from tests.stages.hits import found, ids, reasons

Rank = Callable[[Sequence[str]], list[float]]


class Two:
    """Two rerankers; what each was asked, and how long it could take, is kept."""

    def __init__(self, far: Rank, near: Rank) -> None:
        self._ranks = {"far": far, "near": near}
        self.asked: list[tuple[str, int, float]] = []

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        self.asked.append((inference_id, len(texts), seconds))
        return self._ranks[inference_id](texts)

    def embed(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def complete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def by_length(texts: Sequence[str]) -> list[float]:
    return [float(len(text)) for text in texts]


def late(texts: Sequence[str]) -> list[float]:
    raise TimeoutError


def left_alone(texts: Sequence[str]) -> list[float]:
    raise NotAskedError("not asked: 5 failures in a row, next try in 2 s; the last was: no, says 500")


def broken(texts: Sequence[str]) -> list[float]:
    raise RuntimeError("no, says 500")


def nonsense(texts: Sequence[str]) -> list[float]:
    return [float("nan")] * len(texts)


HITS = ["a", "aaa", None, "aa"]


def rerank(
    far: Rank, near: Rank = by_length, fallback: dict[str, Any] | None = None, seconds: float | None = None, **more: Any
) -> tuple[Results, Two]:
    options = {
        "inference_id": "far",
        "field": "body",
        "deadline": "100s",
        "fallback": {"inference_id": "near", **(fallback or {})},
    }
    two = Two(far, near)
    results = Results(found(*({"body": body} for body in HITS)), "q", two, Deadline(seconds))
    Rerank(RerankSpec.model_validate({**options, **more}), "rerank").process(results)
    return results, two


@pytest.mark.parametrize(
    ("far", "why"),
    [
        (late, "no answer of [far] within its 50s of the deadline of 100s"),
        (broken, "[far] failed: no, says 500"),
        (left_alone, "[far] not asked: 5 failures in a row, next try in 2 s; the last was: no, says 500"),
        (nonsense, "[far] answered nonsense: 3 scores for 3 texts, or no numbers"),
    ],
)
def test_the_fallback_ranks_and_the_answer_says_so(far: Rank, why: str) -> None:
    results, two = rerank(far)
    assert ids(results) == ["1", "3", "2", "0"]
    assert reasons(results) == [f"{why}; [near] ranked instead"]
    assert [name for name, _, _ in two.asked] == ["far", "near"]


def test_it_is_not_asked_when_it_is_not_needed() -> None:
    results, two = rerank(by_length)
    assert ids(results) == ["1", "3", "2", "0"]
    assert results.degraded == []
    assert [name for name, _, _ in two.asked] == ["far"]


@pytest.mark.parametrize("near", [late, broken, nonsense])
def test_when_both_fail_the_hits_stay_as_they_were_and_both_are_named(near: Rank) -> None:
    results, _ = rerank(broken, near)
    assert results.hits == found(*({"body": body} for body in HITS))
    (reason,) = reasons(results)
    assert reason.startswith("[far] failed: no, says 500; ")
    assert "[near]" in reason
    assert "instead" not in reason


@pytest.mark.parametrize(("kept", "share"), [(None, 0.5), ("20s", 0.8), ("99s", 0.01)])
@pytest.mark.parametrize("seconds", [None, 50.0])
def test_a_share_of_the_deadline_is_kept_for_it(kept: str | None, share: float, seconds: float | None) -> None:
    _, two = rerank(broken, fallback={"deadline": kept} if kept else {}, seconds=seconds)
    whole = seconds or 100.0
    (_, _, first), (_, _, second) = two.asked
    assert first == pytest.approx(share * whole, rel=0.1)
    assert second == pytest.approx(whole, rel=0.1)  # the first took next to nothing of it


def test_it_may_rank_fewer_hits() -> None:
    results, two = rerank(broken, fallback={"window": 2})
    assert ids(results) == ["1", "0", "2", "3"]
    assert [texts for _, texts, _ in two.asked] == [3, 2]
    results, two = rerank(broken, window="auto", max_window=10)
    assert [texts for _, texts, _ in two.asked] == [3, 3]


def test_a_least_score_is_of_one_model() -> None:
    assert ids(rerank(by_length, min_score=2)[0]) == ["1", "3", "2"]
    assert len(rerank(broken, min_score=2)[0].hits) == 4
    assert ids(rerank(broken, min_score=99, fallback={"min_score": 3})[0]) == ["1", "2"]


def test_without_anything_to_rank_nobody_is_asked() -> None:
    results, two = rerank(by_length, field="title")
    assert (reasons(results), two.asked) == (["no hit has a text in [title]"], [])


@pytest.mark.parametrize(
    ("fallback", "wrong"),
    [
        ({"inference_id": "far"}, "the endpoint itself"),
        ({"deadline": "100s"}, "less than 100s, not 100s"),
        ({"deadline": "0s"}, "deadline"),
        ({"window": 51}, "looks at 50 hits"),
        ({"window": 0}, "1 to 1000"),
    ],
)
def test_a_fallback_that_cannot_be_is_refused(fallback: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        rerank(by_length, fallback=fallback)
