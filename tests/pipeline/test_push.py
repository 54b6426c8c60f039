"""`push`: the processors of a pipeline run on the target, for whoever writes there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from elasticsearch import Elasticsearch

from headpond.cli.app import main
from headpond.errors import PipelineError, TargetError
from headpond.node import Node
from headpond.node.serve import serving
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, fake, source, turn

INFERENCE = {"inference": {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}}
INNER = {"processors": [{"uppercase": {"field": "kind", "ignore_missing": True}}]}


def test_documents_of_any_client_are_what_a_job_would_have_made_of_them(es: Elasticsearch, build: Build) -> None:
    processors = [
        {"pipeline": {"name": "inner"}},
        {"set": {"field": "both", "value": "{{{title}}}: {{{body}}}"}},
        INFERENCE,
        {"drop": {"if": "ctx.kind == 'WALL'"}},
    ]
    pipeline = build(processors=processors, pipelines={"inner": INNER})
    pipeline.ingest(RECORDS, index="by-job", settings=SETTINGS)
    assert list(pipeline.push()) == ["inner", "standard"]
    lines: list[dict[str, Any]] = []
    for record in RECORDS:
        lines += [{"index": {"_id": record["_id"]}}, {key: value for key, value in record.items() if key != "_id"}]
    answer = es.bulk(index="by-client", operations=lines, pipeline="standard", refresh=True)
    assert not answer["errors"]
    for id in ("mill", "cat"):
        made = source(es, id, "by-job")
        made.pop("headpond")
        assert made["kind"].isupper()
        assert len(made["dense"]) == 16
        assert source(es, id, "by-client") == made
    assert not es.exists(index="by-client", id="dam")


def test_what_is_pushed_again_takes_the_place_of_what_was_there(es: Elasticsearch, build: Build) -> None:
    build(processors=[INFERENCE]).apply()
    build(processors=[INFERENCE], version=1).push()
    build(processors=[{"set": {"field": "a", "value": 1}}], version=2, description="newer").push()
    kept = es.ingest.get_pipeline(id="standard")["standard"]
    assert (kept["version"], kept["description"], kept["processors"]) == (2, "newer", [{"set": {"field": "a", "value": 1}}])  # fmt: skip  # noqa: E501


def test_an_endpoint_that_fails_refuses_the_clients_document(es: Elasticsearch, build: Build) -> None:
    pipeline = build(processors=[INFERENCE])
    pipeline.apply()
    pipeline.push()
    turn(es, "dense", fail_on="poison", status=400, retry=False)
    lines = [{"index": {"_id": "a"}}, {"body": "fine"}, {"index": {"_id": "b"}}, {"body": "poison"}]
    answer = es.bulk(index="things", operations=lines, pipeline="standard")
    assert [item["index"]["status"] < 300 for item in answer["items"]] == [True, False]
    assert "the fake service fails with 400" in json.dumps(answer["items"][1])


def test_processors_that_elasticsearch_has_not_are_all_named_and_nothing_is_sent(
    es: Elasticsearch, build: Build
) -> None:
    processors = [{"chunk": {"field": "body"}}, INFERENCE, {"foreach": {"field": "passages", "processor": {"chunk": {"field": "_ingest._value.text"}}}}]  # fmt: skip  # noqa: E501
    with pytest.raises(PipelineError, match=r"Elasticsearch has no such processors: .*chunk.*, .*chunk") as caught:
        build(processors=processors).push()
    assert "headpond ingest" in str(caught.value)
    assert es.options(ignore_status=404).ingest.get_pipeline().body == {}


def test_endpoints_must_be_there_first(es: Elasticsearch, build: Build) -> None:
    with pytest.raises(TargetError, match=r"the target has no endpoint \[dense\]") as caught:
        build(processors=[INFERENCE]).push()
    assert "headpond apply" in str(caught.value)
    assert es.options(ignore_status=404).ingest.get_pipeline().body == {}


def test_a_target_that_does_not_answer_is_said(build: Build) -> None:
    pipeline = build(processors=[{"set": {"field": "a", "value": 1}}])
    with (
        Elasticsearch("http://127.0.0.1:9", max_retries=0) as client,
        pytest.raises(TargetError, match="does not answer"),
    ):
        type(pipeline)(pipeline.spec, client).push()


def test_the_verb_pushes_and_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    given = {
        "endpoints": {"dense": fake("text_embedding", dimensions=8)},
        "pipelines": {"inner": INNER},
        "processors": [{"pipeline": {"name": "inner"}}, INFERENCE],
    }
    file.write_text(yaml.safe_dump(given))
    assert main(["push", str(file), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    first, second = shown.split("PUT _ingest/pipeline/")[1:]
    assert (first.split("\n")[0], json.loads(first.partition("\n")[2])) == ("inner", INNER)
    assert json.loads(second.partition("\n")[2])["processors"] == given["processors"]
    node = Node(None)
    with serving(node) as url:
        assert main(["push", str(file), "--target", url]) != 0
        assert "has no endpoint [dense]" in capsys.readouterr().err
        assert main(["apply", str(file), "--target", url, "--index", "things"]) == 0
        capsys.readouterr()
        assert main(["push", str(file), "--target", url]) == 0
        printed = "ingest pipeline inner (1 processor)\ningest pipeline mine (2 processors)\n"
        assert capsys.readouterr().out == printed
        with Elasticsearch(url) as client:
            client.index(index="things", id="1", document={"kind": "house", "body": "a mill"}, pipeline="mine")
            made = source(client, "1")
            assert (made["kind"], len(made["dense"])) == ("HOUSE", 8)
    node.close()
