"""The examples of Elasticsearch's documentation, on the client and on the pond, by one implementation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond import connect
from headpond.pipeline.load import from_dict
from headpond.stages import trace
from headpond.stages.ingest import PROCESSORS
from headpond.stages.ingest.base import Context
from headpond.stages.record import Record, timestamp
from tests.stages.chains import Lengths
from tests.stages.documented_cases import FOLDER, Documented, cases, check

CASES = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


@pytest.fixture(scope="module")
def pond() -> Iterator[Elasticsearch]:
    with connect("memory", max_retries=0) as client:
        yield client


def test_every_processor_of_elasticsearchs_has_a_page() -> None:
    own = {name for name in PROCESSORS if PROCESSORS.get(name).elasticsearch}
    assert own - {path.stem for path in FOLDER.glob("*.yaml")} == set()


@CASES
def test_on_the_client(case: Documented) -> None:
    spec = from_dict({**case.pipeline, "pipelines": case.pipelines}, name="_simulate_pipeline")
    metadata = {"_index": "_index", "_id": "_id"}
    records = [
        Record(deepcopy(source), "_id", metadata=dict(metadata), ingest={"timestamp": timestamp()})
        for source in case.docs
    ]
    spec.processors.run(records, Context(Lengths()))
    for place, record in enumerate(records):
        check(case, place, shown(record))


@CASES
def test_on_the_pond(case: Documented, pond: Elasticsearch) -> None:
    for name, pipeline in case.pipelines.items():
        pond.ingest.put_pipeline(id=name, body=pipeline)
    there = [endpoint["inference_id"] for endpoint in pond.inference.get()["endpoints"]]
    if case.endpoint is not None and case.endpoint not in there:
        config = {"service": "fake", "service_settings": {}}
        pond.inference.put(task_type="text_embedding", inference_id=case.endpoint, inference_config=config)
    answer = pond.ingest.simulate(pipeline=case.pipeline, docs=[{"_source": source} for source in case.docs])
    for place, found in enumerate(answer["docs"]):
        check(case, place, found)
        if found is not None and "doc" in found:
            assert found["doc"]["_version"] == "-3"
            # Elasticsearch's foreach leaves its own metadata behind, too.
            assert found["doc"]["_ingest"].keys() - {"_value", "_key"} == {"timestamp"}


def shown(record: Record) -> Any:
    """A record as `_simulate` shows it."""
    if record.failure is not None:
        assert record.failure.cause is not None
        return record.failure.cause.body()
    if record.dropped:
        return None
    for field, value in record.document.items():
        if hasattr(value, "tolist"):
            record.document[field] = value.tolist()
    return json.loads(json.dumps({"doc": trace.document(record)}))
