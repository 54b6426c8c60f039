"""Every fault at once: the counts add up, no document is lost or doubled, and no throttle costs one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.node import Node
from headpond.node.transport import node_class
from headpond.pipeline import Pipeline, Report
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from headpond.pipeline.pace.settings import Pace
from headpond.pipeline.retry import Retry
from tests.pipeline.pipelines import fake
from tests.pipeline.storm import AFTER, BEFORE, Storm, stormy

NUMBER = 1_200
POISON, NO_NUMBER, UNNAMED = 97, 61, 13
PATIENT = Retry(attempts=60, base=0.001, longest=0.005)
SETTINGS = JobSettings(
    window=100,
    bulk_documents=40,
    writers=3,
    retry=PATIENT,
    pace=Pace(inputs=16, concurrency=8, retry=PATIENT),
    use_cache=False,
)


def records() -> list[dict[str, Any]]:
    """Some with a text that the endpoint refuses, some with a number that the index refuses, some without an id."""
    made = []
    for place in range(NUMBER):
        record: dict[str, Any] = {"_id": f"r{place}", "body": f"text number {place}", "n": place}
        if place % POISON == 5:
            record["body"] += " poison"
        if place % NO_NUMBER == 7:
            record["n"] = "throttled: too many requests, status [429]"
        if place % UNNAMED == 0:
            del record["_id"]
        made.append(record)
    return made


REFUSED = {place for place in range(NUMBER) if place % POISON == 5 or place % NO_NUMBER == 7}


def pipeline(client: Elasticsearch) -> Pipeline:
    inference = {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "vector"}}
    endpoint = fake("text_embedding", dimensions=8, fail_on="poison", status=400, retry=False)
    properties = {"n": {"type": "long"}, "vector": {"type": "dense_vector", "dims": 8}}
    given = {
        "endpoints": {"dense": endpoint},
        "index": {"name": "things", "mapping": {"mappings": {"properties": properties}}},
        "processors": [{"inference": inference}],
    }
    return Pipeline(from_dict(given, name="storm"), client)


def documents(pond: Node) -> dict[str, Any]:
    """What the index holds, seen without a storm."""
    client = Elasticsearch("http://pond:9200", node_class=node_class(pond))
    client.indices.refresh(index="things")
    found = client.search(index="things", size=2 * NUMBER, query={"match_all": {}}, source={"exclude_vectors": False})[
        "hits"
    ]["hits"]
    return {hit["_id"]: hit["_source"] for hit in found}


def letters(report: Report) -> list[dict[str, Any]]:
    assert report.dead_letters is not None
    return [orjson.loads(line) for line in report.dead_letters.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("undisturbed"))
        patch.setenv("HEADPOND_HOME", str(tmp_path_factory.mktemp("home")))
        pond, calm = Node(None), Storm(0)
        patch.setattr(calm, "_decide", lambda key, choices: None)
        client = stormy(pond, calm)
        report = pipeline(client).ingest(records(), settings=SETTINGS)
        assert (report.indexed, report.dead_lettered) == (NUMBER - len(REFUSED), len(REFUSED))
        found = documents(pond)
        client.close()
        pond.close()
    assert len(found) == NUMBER - len(REFUSED)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_storm_loses_nothing_and_doubles_nothing(seed: int, undisturbed: dict[str, Any]) -> None:
    pond, storm = Node(None), Storm(seed)
    client = stormy(pond, storm)
    report = pipeline(client).ingest(records(), settings=SETTINGS)

    assert (report.read, report.complete, report.unchanged) == (NUMBER, True, 0)
    assert (report.indexed, report.dead_lettered) == (NUMBER - len(REFUSED), len(REFUSED))
    assert documents(pond) == undisturbed
    dead = letters(report)
    assert {letter["record"]["body"].split()[2] for letter in dead} == {str(place) for place in REFUSED}
    assert len(dead) == len(REFUSED)
    assert {letter["stage"] for letter in dead} == {"processors[0].inference", "bulk"}
    assert all("poison" in letter["record"]["body"] for letter in dead if letter["stage"] != "bulk")
    assert report.inference.throttled > 0
    assert report.inference.retries > 0
    assert {*BEFORE, *AFTER, "item 429", "item throttled as 400"} <= storm.met.keys()

    again = pipeline(client).ingest(records(), settings=SETTINGS)
    assert (again.indexed, again.unchanged, again.dead_lettered) == (0, report.indexed, report.dead_lettered)
    assert documents(pond) == undisturbed
    client.close()
    pond.close()
