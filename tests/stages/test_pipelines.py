"""Pipelines that call pipelines, what their failures say, and where they end."""

from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import PipelineError
from headpond.pipeline.load import from_dict
from headpond.stages.ingest.base import Context
from headpond.stages.record import Record
from tests.stages.chains import Lengths


def run(file: dict[str, Any], *documents: dict[str, Any]) -> list[Record]:
    spec = from_dict(file, name="outer")
    records = [Record(dict(document), metadata={"_id": "1"}) for document in documents]
    spec.processors.run(records, Context(Lengths()))
    return records


def note(value: str) -> dict[str, Any]:
    return {"append": {"field": "notes", "value": value}}


ERROR = "{{_ingest.on_failure_pipeline}}/{{_ingest.on_failure_processor_type}}/{{_ingest.on_failure_processor_tag}}"


def test_a_failure_names_the_pipeline_that_it_was_in() -> None:
    file = {
        "pipelines": {"inner": {"processors": [{"remove": {"field": "x", "tag": "t"}}]}},
        "processors": [{"pipeline": {"name": "inner"}}, note("not reached")],
        "on_failure": [note(ERROR)],
    }
    (record,) = run(file, {})
    assert record.failure is None
    assert record.document == {"notes": ["inner/remove/t"]}
    assert not any(key.startswith("on_failure") for key in record.ingest)


def test_a_failure_in_a_handler_fails_the_record() -> None:
    file = {"processors": [{"remove": {"field": "x"}}], "on_failure": [{"remove": {"field": "y"}}]}
    (record,) = run(file, {})
    assert record.failure is not None
    assert record.failure.error == "field [y] not present as part of path [y]"


def test_the_name_of_the_pipeline_can_be_read() -> None:
    file = {
        "pipelines": {"inner": {"processors": [note("{{_ingest.pipeline}}")]}},
        "processors": [note("{{_ingest.pipeline}}"), {"pipeline": {"name": "inner"}}, note("{{_ingest.pipeline}}")],
    }
    (record,) = run(file, {})
    assert record.document == {"notes": ["outer", "inner", "outer"]}


def test_a_name_may_come_from_the_document() -> None:
    file = {
        "pipelines": {name: {"processors": [note(name)]} for name in ("a", "b")},
        "processors": [{"pipeline": {"name": "{{kind}}"}}],
    }
    first, second, neither = run(file, {"kind": "a"}, {"kind": "b"}, {"kind": "c"})
    assert (first.document["notes"], second.document["notes"]) == (["a"], ["b"])
    assert neither.failure is not None
    assert neither.failure.error == "Pipeline processor configured for non-existent pipeline [c]"


def test_pipelines_that_call_one_another_are_stopped() -> None:
    file = {
        "pipelines": {
            "a": {"processors": [{"pipeline": {"name": "b"}}]},
            "b": {"processors": [{"pipeline": {"name": "a"}}]},
        },
        "processors": [{"pipeline": {"name": "a"}}],
    }
    (record,) = run(file, {})
    assert record.failure is not None
    assert record.failure.error == "Cycle detected for pipeline: a"


def test_a_missing_pipeline_is_found_before_anything_runs() -> None:
    file = {"pipelines": {"inner": {"processors": []}}, "processors": [{"pipeline": {"name": "iner"}}]}
    with pytest.raises(PipelineError, match="there is no pipeline 'iner' here, did you mean 'inner'"):
        run(file)
    file["processors"] = [{"pipeline": {"name": "iner", "ignore_missing_pipeline": True}}]
    (record,) = run(file, {"a": 1})
    assert record.failure is None


def test_a_dropped_record_is_dropped_for_the_callers_too() -> None:
    file = {
        "pipelines": {"inner": {"processors": [{"drop": {}}]}},
        "processors": [{"pipeline": {"name": "inner"}}, note("no")],
    }
    (record,) = run(file, {})
    assert record.dropped
    assert record.document == {}


def test_keys_with_dots_are_found_with_the_flexible_pattern_in_that_pipeline_only() -> None:
    file = {
        "field_access_pattern": "flexible",
        "pipelines": {"strict": {"processors": [{"remove": {"field": "a.b"}}]}},
        "processors": [{"rename": {"field": "a.b", "target_field": "c.d"}}, {"set": {"field": "a.b", "value": 1}}],
    }
    (record,) = run(file, {"a.b": 0})
    assert record.document == {"c.d": 0, "a.b": 1}
    file["processors"] = [{"pipeline": {"name": "strict"}}]
    (record,) = run(file, {"a.b": 0})
    assert record.failure is not None
    assert record.failure.error == "field [a] not present as part of path [a.b]"


def test_endpoints_of_all_pipelines_are_known() -> None:
    embed = {"inference": {"model_id": "e", "input_output": {"input_field": "a", "output_field": "v"}}}
    each = {"foreach": {"field": "list", "processor": {"inference": {**embed["inference"], "model_id": "f"}}}}
    file = {
        "endpoints": {name: {"task_type": "text_embedding", "service": "fake"} for name in "efg"},
        "pipelines": {"inner": {"processors": [embed]}},
        "processors": [{"pipeline": {"name": "inner"}}, each],
        "on_failure": [{"inference": {**embed["inference"], "model_id": "g"}}],
    }
    spec = from_dict(file, name="outer")
    assert sorted(spec.processors.endpoints()) == ["e", "f", "g"]
