"""A change beside the embedded texts costs no call, whatever the cache knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.pipeline.held import MOST_NOTED, IndexHolder, vectors_of
from headpond.stages.inference import digest
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, source

PASSAGES = {"model_id": "dense", "input_output": {"input_field": "passages.text", "output_field": "passages.vector"}}


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Goes to another machine, whose cache is empty."""
    return lambda: monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "another machine"))


def priced(price: int) -> list[dict[str, Any]]:
    return [{**record, "price": price} for record in RECORDS]


def test_a_changed_price_costs_no_call_here(build: Build) -> None:
    build().ingest(priced(1), settings=SETTINGS)
    again = build().ingest(priced(2), settings=SETTINGS)
    assert (again.indexed, again.inference.requests, again.inference.cached) == (3, 0, 6)


def test_a_changed_price_costs_no_call_on_another_machine(es: Elasticsearch, build: Build, move: Any) -> None:
    build().ingest(priced(1), settings=SETTINGS)
    before = source(es, "mill")
    move()
    again = build().ingest(priced(2), settings=SETTINGS)
    assert (again.indexed, again.inference.requests, again.inference.cached) == (3, 0, 6)
    after = source(es, "mill")
    assert after["price"] == 2
    assert (after["dense"], after["sparse"]) == (before["dense"], before["sparse"])


def test_only_the_changed_text_is_embedded(build: Build, move: Any) -> None:
    build().ingest(priced(1), settings=SETTINGS)
    move()
    changed = priced(2)
    changed[0]["body"] = "A weir"
    again = build().ingest(changed, settings=SETTINGS)
    assert (again.indexed, again.inference.inputs, again.inference.cached) == (3, 2, 4)


def test_passages_are_compared_one_by_one(es: Elasticsearch, build: Build, move: Any) -> None:
    pipeline = build(processors=[{"inference": PASSAGES}])
    record: dict[str, Any] = {"_id": "a", "passages": [{"text": text} for text in ("one", "two", "three")]}
    pipeline.ingest([record], settings=SETTINGS)
    before = [passage["vector"] for passage in source(es, "a")["passages"]]
    move()
    record = {"_id": "a", "passages": [{"text": text} for text in ("zero", "three", "one")]}
    again = pipeline.ingest([record], settings=SETTINGS)
    assert (again.inference.inputs, again.inference.cached) == (1, 2)
    after = [passage["vector"] for passage in source(es, "a")["passages"]]
    assert (after[1], after[2]) == (before[2], before[0])
    assert after[0] not in before


def test_a_text_that_a_later_processor_changes_misleads_nobody(es: Elasticsearch, build: Build, move: Any) -> None:
    dense = {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}
    pipeline = build(processors=[{"inference": dense}, {"set": {"field": "body", "value": "something else"}}])
    pipeline.ingest(RECORDS, settings=SETTINGS)
    move()
    # The index holds `something else` beside vectors of other texts.
    again = pipeline.ingest([{"_id": "mill", "body": "something else", "n": 1}], settings=SETTINGS)
    assert (again.inference.inputs, again.inference.cached) == (1, 0)
    again = pipeline.ingest([{**RECORDS[1], "n": 1}], settings=SETTINGS)
    assert (again.inference.inputs, again.inference.cached) == (0, 1)


def test_another_model_uses_nothing_again(es: Elasticsearch, build: Build) -> None:
    build(response_processors=[], search={}).ingest(RECORDS, settings=SETTINGS)
    known = source(es, "mill")["headpond"]["inputs"]["dense"]
    holder = IndexHolder(es, "things")
    holder.note(("mill", None), {"dense": known})
    assert holder.get("another model", [RECORDS[0]["body"]]) == {}


def test_bytes_stay_bytes() -> None:
    ((_, vector),) = vectors_of({"headpond": {"inputs": {"v": ["x"]}}, "v": [1, -128]})
    np.testing.assert_array_equal(vector, np.array([1, -128], np.int8))  # type: ignore[arg-type]  # a dense vector
    assert isinstance(vector, np.ndarray)
    assert vector.dtype == np.int8


def test_vectors_that_somebody_else_changed_are_left_alone() -> None:
    names = [digest("model", "a"), digest("model", "b")]
    own = {"headpond": {"inputs": {"v": names}}}
    assert list(vectors_of({**own, "v": [1.0, 0.5]})) == []
    assert list(vectors_of({"headpond": {"inputs": "?"}, "v": [1.0]})) == []
    assert list(vectors_of({"headpond": {"inputs": {"v": names[:1]}}, "v": "text"})) == []
    ((name, vector),) = vectors_of({"headpond": {"inputs": {"v": names[:1]}}, "v": [1.0, 0.5]})
    assert name == names[0]
    np.testing.assert_array_equal(vector, np.array([1, 0.5], np.float32))  # type: ignore[arg-type]  # a dense vector


def test_what_is_noted_is_bounded(es: Elasticsearch) -> None:
    holder = IndexHolder(es, "things")
    for number in range(11):
        holder.note((str(number), None), {"v": [f"{number}-{place}" for place in range(MOST_NOTED // 10)]})
    assert len(holder._noted) == MOST_NOTED


def test_an_index_that_cannot_be_read_costs_calls_and_nothing_else(es: Elasticsearch) -> None:
    holder = IndexHolder(es, "nothing here")
    holder.note(("a", None), {"v": [digest("model", "a")]})
    assert holder.get("model", ["a"]) == {}
