"""`kill -9` at random moments, then the same command: the index is that of an undisturbed run, and next to nothing
is embedded twice. Five jobs, killed twenty times. What fails names the seed of its moments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.pipeline.job import JobSettings
from tests.pipeline.counting import Counting, pipeline_file, vector
from tests.pipeline.served import ServedPond
from tests.real.node import RealNode

RECORDS = 5000  # more than nine windows, so that no run ends before it is killed
FEWER = 1200
BATCH = 16
WINDOWS = JobSettings().workers * JobSettings().window
"""Records that a run embeds at a time."""
SLOWLY = """
import sys
from headpond import connect, load
from headpond.pipeline.embedder import Pace
from headpond.pipeline.job import JobSettings
pipeline, source, index, target, use_cache = sys.argv[1:]
pace = Pace(inputs=16, concurrency=1)
settings = JobSettings(window=48, bulk_documents=20, heartbeat=0.05, pace=pace, use_cache=use_cache == "yes")
with connect(target) as client:
    print(load(pipeline, client=client).ingest(source, index=index, settings=settings).to_json())
"""

Command = Callable[[str], list[str]]


class World:
    """A provider, a pond over HTTP, a file of records with some that are broken, and a folder to run in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.provider = Counting(latency=0.01)
        self.pipeline = pipeline_file(folder, self.provider.url)
        self.source = self._records("records.jsonl", RECORDS)
        self.fewer = self._records("fewer.jsonl", FEWER)

    def _records(self, name: str, number: int) -> Path:
        lines = [json.dumps({"_id": f"r{n}", "body": f"the text of number {n}"}) for n in range(number)]
        for place in range(70, number, 500):
            lines[place] = f'{{"_id": "broken {place}'
        (self.folder / name).write_text("\n".join(lines) + "\n")
        return self.folder / name

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "HEADPOND_HOME": str(self.folder / f"home-{log.stem}")}
        with log.open("ab") as out:
            return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=out, stderr=out)

    def by_command(self, target: list[str], letters: str) -> Command:
        """`headpond ingest` as anybody types it."""
        return lambda index: [
            sys.executable, "-m", "headpond", "ingest", str(self.pipeline), str(self.source),
            "--index", index, "--dead-letters", letters, *target,
        ]  # fmt: skip

    def one_by_one(self, target: str, *, use_cache: bool) -> Command:
        """One request at a time, in small steps."""
        yes = "yes" if use_cache else "no"
        return lambda index: [
            sys.executable, "-c", SLOWLY, str(self.pipeline), str(self.fewer), index, target, yes,
        ]  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("kill"))
    yield made
    made.provider.close()


@pytest.fixture(scope="module")
def pond(world: World) -> Iterator[str]:
    with ServedPond(world.folder) as served:
        yield served.url


@pytest.fixture(scope="module")
def undisturbed(world: World, pond: str) -> dict[str, Any]:
    """What an index must hold in the end."""
    log = world.folder / "undisturbed.log"
    assert world.start(world.by_command(["--target", pond], "undisturbed.dead.jsonl")("undisturbed"), log).wait() == 3
    with connect(pond) as client:
        held = documents(client, "undisturbed")
    assert len(held) == RECORDS - 10
    assert held["r3"]["vector"] == pytest.approx(vector("the text of number 3"))
    return held


def documents(client: Elasticsearch, index: str) -> dict[str, Any]:
    client.indices.refresh(index=index)
    answer = client.search(index=index, size=10_000, source_exclude_vectors=False)
    found = {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}
    assert len(found) == answer["hits"]["total"]["value"]
    return found


def letters(file: Path) -> list[tuple[Any, ...]]:
    return sorted((letter["line"], letter["record"]) for letter in map(json.loads, file.read_text().splitlines()))


def killed_and_run_to_the_end(
    world: World,
    command: list[str],
    seed: int,
    kills: int,
    *,
    texts: tuple[int, int] = (1, 200),
    before: Callable[[], None] = lambda: None,
) -> None:
    """Kills the job a number of times, each time while a request of it is unanswered, and lets it end."""
    moments, log = Random(seed), world.folder / f"seed-{seed}.log"
    world.provider.release(forget=True)
    for kill in range(kills):
        world.provider.hold(moments.randint(*texts))
        process = world.start(command, log)
        while not world.provider.held.wait(0.05):
            assert process.poll() is None, f"seed {seed}, run {kill}: it ended too early:\n{log.read_text()}"
        before()
        time.sleep(moments.uniform(0, 0.2))
        process.kill()
        assert process.wait() == -9, f"seed {seed}, run {kill}:\n{log.read_text()}"
    world.provider.release()
    code = world.start(command, log).wait()
    assert code in (0, 3), f"seed {seed}: the last run failed:\n{log.read_text()}"


def check(
    world: World, client: Elasticsearch, index: str, expected: dict[str, Any], seed: int, lost: int
) -> dict[str, Any]:
    """The index is as it must be, every text was paid for, and few twice; gives the state of the job."""
    held = documents(client, index)
    assert held.keys() == expected.keys(), f"seed {seed}"
    # Elasticsearch keeps vectors normalized and gives them back with the last bit rounded.
    vectors = [np.array([document["vector"] for _, document in sorted(docs.items())]) for docs in (held, expected)]
    assert np.allclose(*vectors, rtol=1e-6, atol=0), f"seed {seed}"
    without = [{id: {**document, "vector": None} for id, document in docs.items()} for docs in (held, expected)]
    assert without[0] == without[1], f"seed {seed}"
    assert world.provider.paid.keys() == {document["body"] for document in expected.values()}
    again = world.provider.paid.total() - len(expected)
    assert again <= lost, f"seed {seed}: {again} texts were embedded again"
    client.indices.refresh(index="headpond-jobs")
    hits = client.search(index="headpond-jobs", query={"term": {"index": index}})["hits"]["hits"]
    (state,) = [dict(hit["_source"]) for hit in hits]
    assert state["state"] == "complete"
    counts = state["counts"]
    assert counts["indexed"] + counts.get("unchanged", 0) == len(expected), f"seed {seed}: {counts}"
    return state


@pytest.mark.parametrize("seed", [1, 2])
def test_the_command_killed_over_http(world: World, pond: str, undisturbed: dict[str, Any], seed: int) -> None:
    file = world.folder / f"{seed}.dead.jsonl"
    command = world.by_command(["--target", pond], file.name)(f"job-{seed}")
    killed_and_run_to_the_end(world, command, seed, kills=3)
    with connect(pond) as client:
        check(world, client, f"job-{seed}", undisturbed, seed, 3 * WINDOWS)
    assert letters(file) == letters(world.folder / "undisturbed.dead.jsonl")


def test_the_command_killed_with_its_pond_in_it(world: World, undisturbed: dict[str, Any]) -> None:
    seed, target = 3, f"embedded:{world.folder / 'own-pond'}"
    file = world.folder / f"{seed}.dead.jsonl"
    killed_and_run_to_the_end(world, world.by_command(["--target", target], file.name)("own"), seed, kills=2)
    with connect(target) as client:
        check(world, client, "own", undisturbed, seed, 2 * WINDOWS)
    assert letters(file) == letters(world.folder / "undisturbed.dead.jsonl")


@pytest.mark.parametrize(("seed", "use_cache"), [(4, True), (5, False)], ids=["cache", "journal"])
def test_at_most_one_batch_is_embedded_again(
    world: World, pond: str, undisturbed: dict[str, Any], seed: int, use_cache: bool
) -> None:
    index, kills, reached = f"steps-{seed}", 6, 0
    expected = {f"r{n}": undisturbed[f"r{n}"] for n in range(FEWER) if n % 500 != 70}

    def further() -> None:
        """Waits until the state of the job has moved on, while the held request waits."""
        nonlocal reached
        while (now := settled()) <= reached:
            time.sleep(0.05)
        reached = now

    def settled() -> int:
        client.indices.refresh(index="headpond-jobs")
        hits = client.search(index="headpond-jobs", query={"term": {"index": index}})["hits"]["hits"]
        return sum(hit["_source"]["counts"].get("indexed", 0) for hit in hits)

    with connect(pond) as client:
        command = world.one_by_one(pond, use_cache=use_cache)(index)
        # More than two windows, so that some records are settled in every run; six times fewer than there are.
        killed_and_run_to_the_end(world, command, seed, kills, texts=(110, 160), before=further)
        state = check(world, client, index, expected, seed, kills * BATCH)
    assert state["resumes"]
    assert state["counts"].get("unchanged", 0) <= kills * 3 * 48, "what was settled was read again"
    assert (state["counts"]["dead_lettered"]) == FEWER - len(expected)
    if not use_cache:
        assert list((world.folder / f"home-seed-{seed}" / "jobs").iterdir()) == [], "the journal goes with the job"


def test_a_second_ctrl_c_does_not_wait_for_an_answer_that_never_comes(world: World, pond: str) -> None:
    world.provider.release(forget=True)
    world.provider.hold(1)
    log = world.folder / "twice.log"
    process = world.start(world.by_command(["--target", pond], "twice.dead.jsonl")("twice"), log)
    while not world.provider.held.wait(0.05):
        assert process.poll() is None, log.read_text()
    process.send_signal(signal.SIGINT)
    while "Ctrl-C again ends at once" not in log.read_text():
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert "run the same command again to go on" in log.read_text()
    assert "Traceback" not in log.read_text()
    with connect(pond) as client:
        client.indices.refresh(index="headpond-jobs")
        hits = client.search(index="headpond-jobs", query={"term": {"index": "twice"}})["hits"]["hits"]
        assert [hit["_source"]["state"] for hit in hits] == ["interrupted"]


@pytest.mark.real
def test_the_command_killed_on_elasticsearch(world: World, real_node: RealNode, undisturbed: dict[str, Any]) -> None:
    seed, index = 6, "killed-and-resumed"
    file = world.folder / f"{seed}.dead.jsonl"
    target = ["--target", real_node.url, "--inference", f"embedded:{world.folder / 'beside'}"]
    killed_and_run_to_the_end(world, world.by_command(target, file.name)(index), seed, kills=2)
    with connect(real_node.url) as client:
        try:
            check(world, client, index, undisturbed, seed, 2 * WINDOWS)
        finally:
            client.indices.delete(index=f"{index},headpond-jobs", ignore_unavailable=True)
    assert letters(file) == letters(world.folder / "undisturbed.dead.jsonl")
