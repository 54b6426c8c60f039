from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from headpond.inference.deadline import Deadline
from headpond.models import CrossEncoder, DenseModel, LateInteraction
from headpond.models.adding import add
from headpond.models.session import Session
from headpond.models.together import Together
from tests.models.tiny import write_model

TEXTS = [f"{word} sat on the mat" for word in ("cat", "dog", "the", "vaccines", "train", "system", "query", "one")]


class Runs:
    """Runs that wait for a gate, and are counted."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.gate = threading.Event()
        self.inside = threading.Semaphore(0)

    def __call__(self, items: list[str]) -> list[str]:
        self.sizes.append(len(items))
        self.inside.release()
        self.gate.wait()
        if "poison" in items:
            raise ValueError("poison")
        return [item.upper() for item in items]


def at_once(works: list[Callable[[], Any]]) -> tuple[list[threading.Thread], dict[int, Any]]:
    results: dict[int, Any] = {}

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    return threads, results


def test_who_comes_while_a_run_is_under_way_goes_with_the_next_one() -> None:
    runs = Runs()
    together: Together[str, str] = Together(runs, 1)
    first, alone = at_once([lambda: together.ask(["a", "b"])])
    runs.inside.acquire()
    others, rest = at_once([lambda text=text: together.ask([text, text]) for text in "cdef"])
    while len(together._waiting) < 4:
        threading.Event().wait(0.01)
    runs.gate.set()
    for thread in first + others:
        thread.join()
    assert alone == {0: ["A", "B"]}
    assert rest == {place: [text, text] for place, text in enumerate("CDEF")}
    assert runs.sizes == [2, 8]


def test_items_that_make_a_run_fail_fail_alone() -> None:
    runs = Runs()
    together: Together[str, str] = Together(runs, 1)
    first, _ = at_once([lambda: together.ask(["a"])])
    runs.inside.acquire()
    others, rest = at_once([lambda text=text: together.ask([text]) for text in ("b", "poison", "c")])
    while len(together._waiting) < 3:
        threading.Event().wait(0.01)
    runs.gate.set()
    for thread in first + others:
        thread.join()
    assert (rest[0], rest[2]) == (["B"], ["C"])
    assert isinstance(rest[1], ValueError)
    assert together.ask(["d"]) == ["D"]
    assert together._free == 1


def test_places_are_kept_however_callers_come() -> None:
    runs = Runs()
    runs.gate.set()
    together: Together[str, str] = Together(runs, 2)
    words = [f"w{number}" for number in range(200)]
    threads, results = at_once([lambda word=word: together.ask([word]) for word in words])
    for thread in threads:
        thread.join()
    assert results == {place: [word.upper()] for place, word in enumerate(words)}
    assert sum(runs.sizes) == 200
    assert together._free == 2


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The batches that sessions run."""
    sizes: list[int] = []
    run = Session.run

    def counting(self: Session, output: str, feeds: Any) -> Any:
        sizes.append(len(feeds["input_ids"]))
        return run(self, output, feeds)

    monkeypatch.setattr(Session, "run", counting)
    return sizes


def test_float_models_give_callers_what_they_would_get_alone(tiny: str) -> None:
    model = DenseModel.load(tiny, precision="fp32")
    assert model._runner.exact
    alone = [model.embed([text]).vectors[0] for text in TEXTS]
    threads, results = at_once([lambda text=text: model.embed([text]).vectors[0] for text in TEXTS * 4])
    for thread in threads:
        thread.join()
    for place, expected in enumerate(alone * 4):
        np.testing.assert_allclose(results[place], expected, atol=1e-5)
    vectors = model.token_vectors(TEXTS)
    threads, results = at_once([lambda text=text: model.token_vectors([text])[0] for text in TEXTS])
    for thread in threads:
        thread.join()
    for place, expected in enumerate(vectors):
        np.testing.assert_allclose(results[place], expected, atol=1e-5)


def test_pairs_of_several_queries_are_ranked_as_alone(home: Any, tmp_path: Any) -> None:
    write_model(tmp_path / "cross", head="BertForSequenceClassification", seed=3)
    model = CrossEncoder.load(add("cross", tmp_path / "cross").name, precision="fp32")
    queries = ["cat", "vaccines work", "dog on the mat", "immune system"]
    alone = [model.score(query, TEXTS[:3]) for query in queries]
    threads, results = at_once([lambda query=query: model.score(query, TEXTS[:3]) for query in queries * 4])
    for thread in threads:
        thread.join()
    for place, expected in enumerate(alone * 4):
        np.testing.assert_allclose(results[place], expected, atol=1e-4)


def test_a_quantised_models_query_does_not_depend_on_its_company(tiny: str, counted: list[int]) -> None:
    model = DenseModel.load(tiny, precision="int8")
    assert not model._runner.exact
    alone = [model.embed([text], "search").vectors[0] for text in TEXTS]
    counted.clear()
    np.testing.assert_array_equal(model.embed(TEXTS, "search").vectors, alone)
    assert counted == [1] * len(TEXTS)


def test_a_model_stops_between_batches_when_nobody_waits_any_more(tiny: str, counted: list[int]) -> None:
    model = DenseModel.load(tiny)
    with pytest.raises(TimeoutError, match="the model was still running after 0s"):
        model.embed(TEXTS * 40, deadline=Deadline.after(0))
    with pytest.raises(TimeoutError):
        LateInteraction(model).score("cat", TEXTS * 40, deadline=Deadline.after(0))
    assert counted == []
    assert len(model.embed(TEXTS * 40, deadline=Deadline.after(60)).vectors) == len(TEXTS) * 40
