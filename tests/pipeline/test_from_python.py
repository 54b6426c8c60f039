"""Jobs from Python: callbacks, async iterables, cancelling."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError
from headpond.pipeline import IngestStoppedError, Snapshot
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, count


async def rows(number: int) -> AsyncIterator[dict[str, Any]]:
    for place in range(number):
        await asyncio.sleep(0)
        yield {"_id": str(place), "body": f"text {place}"}


def test_dead_letters_are_told_in_the_callers_thread(build: Build) -> None:
    heard: list[dict[str, Any]] = []
    threads = set()

    def on_dead_letter(letter: dict[str, Any]) -> None:
        heard.append(letter)
        threads.add(threading.get_ident())

    report = build().ingest([*RECORDS, {"_id": "empty"}, "no record"], settings=SETTINGS, on_dead_letter=on_dead_letter)  # type: ignore[list-item]
    assert report.dead_lettered == len(heard) == 2
    assert threads == {threading.get_ident()}
    assert {letter["stage"] for letter in heard} == {"source", "processors[0].inference"}
    assert next(letter for letter in heard if letter["stage"] != "source")["record"] == {"_id": "empty"}


def test_a_record_nested_too_deep_is_dead_lettered_and_the_rest_is_indexed(build: Build) -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(10_000):
        inner["a"] = {}
        inner = inner["a"]
    heard: list[dict[str, Any]] = []
    report = build().ingest([deep, *RECORDS], settings=SETTINGS, on_dead_letter=heard.append)
    assert (report.read, report.dead_lettered) == (1 + len(RECORDS), 1)
    assert heard[0]["record"] == "dict, nested too deep to be shown"


def test_values_that_json_lacks_become_what_other_sources_make_of_them(es: Elasticsearch, build: Build) -> None:
    record = {
        "_id": "1",
        "body": "A mill",
        "price": Decimal("1.50"),
        "tags": {"only"},
        "picture": b"\x00\x01",
        "lasts": timedelta(minutes=1),
        "made": date(2026, 1, 2),
        "sizes": np.array([1.5, 2.0], np.float32),
        "nothing": math.nan,
    }
    report = build().ingest([record], settings=SETTINGS)
    assert report.indexed == 1
    made = es.get(index=report.index, id="1")["_source"]
    assert {name: made[name] for name in record if name != "_id"} == {
        "body": "A mill",
        "price": 1.5,
        "tags": ["only"],
        "picture": "AAE=",
        "lasts": 60.0,
        "made": "2026-01-02",
        "sizes": [1.5, 2.0],
        "nothing": None,
    }


@pytest.mark.parametrize("value", [math.inf, [1.0, -math.inf], {"a": {"b": math.inf}}, np.array([1.0, math.inf])])
def test_infinity_is_dead_lettered_and_no_null(build: Build, value: Any) -> None:
    heard: list[dict[str, Any]] = []
    report = build().ingest(
        [{"_id": "1", "body": "A mill", "far": value}], settings=SETTINGS, on_dead_letter=heard.append
    )
    assert (report.indexed, report.dead_lettered) == (0, 1)
    assert heard[0]["error"] == "infinity is no number in JSON"


def test_a_value_of_an_unknown_type_is_named(build: Build) -> None:
    heard: list[dict[str, Any]] = []
    build().ingest([{"_id": "1", "body": object()}], settings=SETTINGS, on_dead_letter=heard.append)
    assert "object" in heard[0]["error"]


def test_what_a_callback_raises_ends_the_job(build: Build) -> None:
    def fails(letter: dict[str, Any]) -> None:
        raise ValueError("enough")

    with pytest.raises(IngestStoppedError, match="enough"):
        build().ingest([{"_id": "empty"}], settings=SETTINGS, on_dead_letter=fails)


def test_an_async_iterable_is_read_without_a_loop(es: Elasticsearch, build: Build) -> None:
    assert build().ingest(rows(50), settings=SETTINGS).indexed == 50
    assert count(es) == 50


def test_an_async_iterable_is_read_in_the_running_loop(es: Elasticsearch, build: Build) -> None:
    seen: list[Snapshot] = []
    letters: list[dict[str, Any]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def bound() -> AsyncIterator[Any]:
            async for row in rows(100):
                assert asyncio.get_running_loop() is loop
                yield row
            yield "no record"

        report = await build().aingest(
            bound(), RECORDS, settings=SETTINGS, on_progress=seen.append, on_dead_letter=letters.append
        )
        assert (report.read, report.indexed, report.dead_lettered) == (104, 103, 1)
        await asyncio.sleep(0)  # the last callbacks were handed to the loop

    asyncio.run(main())
    assert count(es) == 103
    assert seen[-1].done
    assert len(letters) == 1


def test_in_a_running_loop_ingest_names_aingest(build: Build) -> None:
    async def main() -> None:
        build().ingest(rows(3), settings=SETTINGS)

    with pytest.raises((InputError, IngestStoppedError), match=r"await pipeline\.aingest"):
        asyncio.run(main())


def test_an_async_source_that_fails_ends_the_job_with_its_error(es: Elasticsearch, build: Build) -> None:
    async def failing() -> AsyncIterator[dict[str, Any]]:
        yield RECORDS[0]
        raise ConnectionError("the source is gone")

    async def main() -> None:
        await build().aingest(failing(), settings=SETTINGS)

    with pytest.raises(IngestStoppedError, match="the source is gone"):
        asyncio.run(main())
    assert count(es) == 1


def test_cancelling_ends_the_job_and_what_was_read_is_written(es: Elasticsearch, build: Build) -> None:
    given = 0

    async def endless() -> AsyncIterator[dict[str, Any]]:
        nonlocal given
        while given < 600:
            given += 1
            yield {"_id": str(given), "body": f"text {given}"}
        await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.create_task(build().aingest(endless(), settings=SETTINGS))
        while given < 600:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert count(es) <= 600


def test_a_job_is_ended_from_another_thread(build: Build) -> None:
    stop = threading.Event()

    def endless() -> Any:
        for number in range(10**9):
            if number == 2000:
                stop.set()
            yield {"_id": str(number), "body": f"text {number}"}

    report = build(processors=[]).ingest(endless(), settings=SETTINGS, stop=stop)
    assert not report.complete
    assert report.read == report.indexed
