from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError
from headpond.pipeline import IngestStoppedError, Report, Snapshot
from headpond.pipeline.job import JobSettings
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import QUICK, RECORDS, SETTINGS, count, fake, source, standard


def sums_up(report: Report) -> bool:
    return report.read == report.indexed + report.unchanged + report.dead_lettered


def letters(report: Report) -> list[dict[str, Any]]:
    assert report.dead_letters is not None
    return [orjson.loads(line) for line in report.dead_letters.read_bytes().splitlines()]


def test_records_are_enriched_and_indexed(es: Elasticsearch, build: Build) -> None:
    report = build().ingest(RECORDS, settings=SETTINGS)
    assert (report.read, report.indexed, report.complete) == (3, 3, True)
    assert report.dead_letters is None
    made = source(es, "mill")
    assert made["title"] == "Mills"
    assert len(made["dense"]) == 16
    assert made["sparse"]["river"] > 0
    assert count(es) == 3


def test_a_second_run_changes_nothing_and_asks_no_endpoint(es: Elasticsearch, build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    report = build().ingest(RECORDS, settings=SETTINGS)
    assert (report.read, report.indexed, report.unchanged) == (3, 0, 3)
    assert (report.inference.requests, report.inference.inputs) == (0, 0)
    assert report.inference.tokens == 0


def test_only_a_changed_record_is_indexed_again(es: Elasticsearch, build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    changed = [*RECORDS[:2], {**RECORDS[2], "body": "A cat hunts at night"}]
    report = build().ingest(changed, settings=SETTINGS)
    assert (report.indexed, report.unchanged) == (1, 2)
    assert report.inference.inputs == 2
    assert source(es, "cat")["body"] == "A cat hunts at night"


def test_a_changed_field_that_is_not_embedded_costs_no_call(build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    report = build().ingest([{**RECORDS[0], "price": 7}], settings=SETTINGS)
    assert (report.indexed, report.inference.requests, report.inference.cached) == (1, 0, 2)


def test_a_text_embedded_before_is_not_sent_again_to_another_index(build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    report = build().ingest(RECORDS, index="others", settings=SETTINGS)
    assert (report.indexed, report.inference.requests, report.inference.cached) == (3, 0, 6)


def test_a_changed_pipeline_changes_every_record(build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    processors = [*standard()["processors"], {"set": {"field": "new", "value": 1}}]
    assert build(processors=processors).ingest(RECORDS, settings=SETTINGS).indexed == 3


def test_the_same_text_is_embedded_once(build: Build) -> None:
    report = build().ingest([{"body": "same", "n": number} for number in range(20)], settings=SETTINGS)
    assert (report.indexed, report.inference.inputs, report.inference.cached) == (20, 2, 38)


def test_inference_batches_do_not_follow_bulk_batches(build: Build) -> None:
    settings = JobSettings(pace=SETTINGS.pace, retry=QUICK, bulk_documents=3, use_cache=False)
    report = build().ingest([{"body": f"text {number}"} for number in range(120)], settings=settings)
    # Two endpoints, 120 texts each, 64 in a request.
    assert (report.indexed, report.inference.requests, report.inference.inputs) == (120, 4, 240)


def test_tokens_are_counted_where_the_target_says(build: Build) -> None:
    report = build().ingest([{"body": "three short words"}], settings=SETTINGS)
    assert report.inference.tokens == 6


def test_records_without_an_id_get_the_same_one_in_every_run(es: Elasticsearch, build: Build) -> None:
    records = [{"body": "a"}, {"body": "b"}]
    build().ingest(records, settings=SETTINGS)
    report = build().ingest(records, settings=SETTINGS)
    assert (report.unchanged, count(es)) == (2, 2)


def test_a_field_can_hold_the_id(es: Elasticsearch, build: Build) -> None:
    build().ingest([{"sku": 12, "body": "a"}], id_field="sku", settings=SETTINGS)
    assert source(es, "12")["sku"] == 12


def test_the_later_of_two_records_with_one_id_wins(es: Elasticsearch, build: Build) -> None:
    settings = JobSettings(pace=SETTINGS.pace, retry=QUICK, window=7, bulk_documents=2)
    records = [{"_id": str(number % 5), "body": f"version {number}"} for number in range(200)]
    report = build(processors=[]).ingest(records, settings=settings)
    assert (report.indexed, count(es)) == (200, 5)
    assert [source(es, str(number))["body"] for number in range(5)] == [
        f"version {195 + number}" for number in range(5)
    ]
    # An older version that comes last must win over what the index held before.
    again = [{"_id": "0", "body": "new"}, {"_id": "0", "body": "version 195"}]
    build(processors=[]).ingest(again, settings=settings)
    assert source(es, "0")["body"] == "version 195"


def test_dropped_records_are_said_and_not_indexed(es: Elasticsearch, build: Build) -> None:
    report = build(processors=[{"drop": {"if": "ctx.kind == 'animal'"}}]).ingest(RECORDS, settings=SETTINGS)
    assert (report.indexed, report.unchanged, report.dropped) == (2, 1, 1)
    assert sums_up(report)
    assert not es.exists(index="things", id="cat")


def test_files_of_several_kinds_are_read_one_after_the_other(es: Elasticsearch, build: Build) -> None:
    Path("a.jsonl").write_text('{"_id": "1", "body": "one"}\n')
    Path("b.jsonl.gz").write_bytes(gzip.compress(b'{"_id": "2", "body": "two"}\n'))
    Path("c.csv").write_text("_id,body\n3,three\n")
    report = build().ingest("a.jsonl", Path("b.jsonl.gz"), "c.csv", settings=SETTINGS)
    assert report.indexed == 3
    assert source(es, "3")["body"] == "three"


def test_a_missing_file_is_said_before_anything_is_made(es: Elasticsearch, build: Build) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl: there is no such file"):
        build().ingest(RECORDS, "gone.jsonl", settings=SETTINGS)
    assert not es.indices.exists(index="things")


def test_bad_records_become_dead_letters_and_stop_nothing(build: Build) -> None:
    good = '{"_id": "%d", "body": "fine"}\n'
    lines = [good % number for number in range(1, 51)]
    lines[36] = '{"_id": "37", "body": \n'
    lines[40] = '["not", "an", "object"]\n'
    lines[41] = '{"_id": "", "body": "x"}\n'
    lines[42] = '{"headpond": 1, "body": "x"}\n'
    lines[43] = '{"_id": "no-body"}\n'
    Path("records.jsonl").write_text("".join(lines))
    report = build().ingest("records.jsonl", settings=SETTINGS)
    assert (report.read, report.indexed, report.dead_lettered) == (50, 45, 5)
    assert sums_up(report)
    found = {letter["line"]: letter for letter in letters(report)}
    assert sorted(found) == [37, 41, 42, 43, 44]
    assert found[37]["source"] == "records.jsonl"
    assert "broken JSON at column" in found[37]["error"]
    assert found[37]["record"] == '{"_id": "37", "body":'
    assert found[41]["record"] == ["not", "an", "object"]
    assert found[42]["error"] == "an id has 1 to 512 bytes, this one has 0"
    assert "is this toolkit's own" in found[43]["error"]
    assert found[44]["stage"] == "processors[0].inference"
    assert found[44]["record"] == {"_id": "no-body"}


def test_dead_letters_are_for_their_owner_only(build: Build) -> None:
    report = build().ingest([{"no": "body"}], dead_letters="mine.dead.jsonl", settings=SETTINGS)
    assert report.dead_letters == Path("mine.dead.jsonl")
    assert report.dead_letters.stat().st_mode & 0o777 == 0o600


def test_a_document_the_index_refuses_is_dead_lettered_with_the_reason(es: Elasticsearch, build: Build) -> None:
    mapping = {"mappings": {"properties": {"day": {"type": "date"}}}}
    report = build(processors=[], index={"name": "things", "mapping": mapping}).ingest(
        [{"_id": "a", "day": "2026-01-31"}, {"_id": "b", "day": "someday"}], settings=SETTINGS
    )
    assert (report.indexed, report.dead_lettered) == (1, 1)
    (letter,) = letters(report)
    assert letter["stage"] == "bulk"
    assert letter["record"] == {"_id": "b", "day": "someday"}
    assert "document_parsing_exception" in letter["error"]
    assert "someday" in letter["error"]


def test_a_source_that_breaks_midway_keeps_what_was_read(es: Elasticsearch, build: Build) -> None:
    lines = b"".join(b'{"_id": "%d", "body": "text"}\n' % number for number in range(5_000))
    Path("a.jsonl.gz").write_bytes(gzip.compress(lines)[:-500])
    with pytest.raises(IngestStoppedError, match="cannot be read on: Compressed file ended") as caught:
        build(processors=[]).ingest("a.jsonl.gz", settings=SETTINGS)
    report = caught.value.report
    assert report.complete is False
    assert report.indexed > 0
    assert report.indexed == report.read == count(es)


def test_an_iterable_that_raises_keeps_what_was_read(es: Elasticsearch, build: Build) -> None:
    def records() -> Any:
        yield from RECORDS
        raise RuntimeError("the database went away")

    with pytest.raises(IngestStoppedError, match="RuntimeError: the database went away") as caught:
        build().ingest(records(), settings=SETTINGS)
    assert caught.value.report.indexed == count(es) == 3


def test_progress_is_shown_and_ends_with_everything(build: Build) -> None:
    shown: list[Snapshot] = []
    build().ingest(RECORDS, settings=SETTINGS, on_progress=shown.append)
    assert shown[-1].done
    assert (shown[-1].taken, shown[-1].indexed) == (3, 3)


def test_passages_get_their_own_vectors(es: Elasticsearch, build: Build) -> None:
    pair = {"input_field": "passages.text", "output_field": "passages.dense"}
    processors = [
        {"chunk": {"field": "body", "strategy": "word", "max_chunk_size": 10, "overlap": 1}},
        {"inference": {"model_id": "dense", "input_output": pair}},
    ]
    build(processors=processors).ingest([{"_id": "a", "body": "word " * 25}], settings=SETTINGS)
    mapping = es.indices.get_mapping(index="things")["things"]["mappings"]["properties"]["passages"]
    assert mapping["type"] == "nested"
    assert mapping["properties"]["dense"]["dims"] == 16
    assert [len(passage["dense"]) for passage in source(es, "a")["passages"]] == [16, 16, 16]


def test_an_index_named_by_the_environment_is_used(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THINGS", "from-outside")
    build(processors=[], index={"name": "${THINGS}"}).ingest(RECORDS, settings=SETTINGS)
    assert count(es, "from-outside") == 3


def test_an_endpoint_without_known_dimensions_is_asked_for_them(es: Elasticsearch, build: Build) -> None:
    endpoints = {**standard()["endpoints"], "dense": fake("text_embedding")}
    build(endpoints=endpoints).ingest(RECORDS, settings=SETTINGS)
    assert es.indices.get_mapping(index="things")["things"]["mappings"]["properties"]["dense"]["dims"] == 64


def test_the_report_is_written_as_json(build: Build) -> None:
    shown = build().ingest(RECORDS, settings=SETTINGS).to_json()
    assert {"read", "indexed", "unchanged", "dead_lettered", "inference", "seconds"} <= shown.keys()
    assert shown["inference"].keys() == {"requests", "inputs", "tokens", "cached", "retries", "throttled"}
    assert orjson.loads(orjson.dumps(shown)) == shown
