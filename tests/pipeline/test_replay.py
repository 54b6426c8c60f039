"""Dead letters are valid input: mended, they are sent again, and nothing is written twice or overwritten."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError, PipelineError
from headpond.pipeline import IngestInterrupted, Report
from headpond.pipeline.bulk import BulkWriter
from headpond.pipeline.load import from_dict
from headpond.pipeline.replay import Replay, replay
from headpond.pipeline.replay.letters import Later
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, count, source, standard, turn

BAD = Path("bad.jsonl")


def letters(path: Path = BAD) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def poisoned(es: Elasticsearch, build: Build, *records: dict[str, Any], index: str | None = None) -> Report:
    """Ingests while texts with `river` fail."""
    pipeline = build()
    pipeline.apply(index)
    turn(es, "dense", fail_on="river", status=400, retry=False)
    report = pipeline.ingest(list(records or RECORDS), dead_letters=BAD, settings=SETTINGS, index=index)
    turn(es, "dense")
    return report


def strict() -> dict[str, Any]:
    """An index that takes no year that is not a number."""
    properties = {"year": {"type": "integer"}, "dense": {"type": "dense_vector"}, "sparse": {"type": "sparse_vector"}}
    return {"name": "things", "mapping": {"mappings": {"properties": properties}}}


def test_a_letter_holds_everything_that_is_needed(es: Elasticsearch, build: Build) -> None:
    assert poisoned(es, build).dead_lettered == 2
    mill = next(letter for letter in letters() if letter["record"]["_id"] == "mill")
    assert mill["record"] == RECORDS[0]
    assert mill["action"] == {"index": {"_index": "things", "_id": "mill"}}
    assert mill["pipeline"]["name"] == "standard"
    assert len(mill["pipeline"]["identity"]) == 32
    assert (mill["stage"], mill["line"], mill["replaces"]) == ("processors[0].inference", 1, [])
    assert mill["when"].endswith("+00:00")


def test_what_the_index_refused_is_there_as_it_was_sent(es: Elasticsearch, build: Build) -> None:
    build(index=strict()).ingest([{"_id": "a", "body": "text", "year": "?"}], dead_letters=BAD, settings=SETTINGS)
    (letter,) = letters()
    assert letter["stage"] == "bulk"
    assert len(letter["document"]["dense"]) == 16
    assert letter["document"]["headpond"]["hash"] == letter["hash"]


def test_a_replay_indexes_what_has_been_mended(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    before = BAD.read_bytes()
    report = build().replay(BAD, settings=SETTINGS)
    assert (report.letters, report.indexed, report.dead_lettered) == (2, 2, 0)
    assert count(es) == 3
    assert BAD.read_bytes() == before
    again = build().replay(BAD, settings=SETTINGS)
    assert (again.letters, again.unchanged, again.indexed, again.inference.requests) == (2, 2, 0, 0)
    # The index is that of a run without trouble.
    assert build().ingest(RECORDS, settings=SETTINGS).unchanged == 3


def test_one_replay_empties_the_file(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    report = build().replay(BAD, in_place=True, settings=SETTINGS)
    assert (report.indexed, report.dead_letters) == (2, None)
    assert BAD.read_bytes() == b""
    assert BAD.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in Path().iterdir() if "bad" in path.name) == ["bad.jsonl"]


def test_what_fails_again_keeps_its_source_and_adds_up_its_attempts(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    first = {letter["record"]["_id"]: letter for letter in letters()}
    turn(es, "dense", fail_on="wheel", status=400, retry=False)
    report = build().replay(BAD, dead_letters="again.jsonl", settings=SETTINGS)
    assert (report.indexed, report.dead_lettered, report.dead_letters) == (1, 1, Path("again.jsonl"))
    (letter,) = letters(Path("again.jsonl"))
    assert (letter["source"], letter["line"], letter["replays"]) == ("records", 1, 1)
    assert letter["attempts"] > first["mill"]["attempts"]
    assert letter["first"] == first["mill"]["when"] <= letter["when"]
    turn(es, "dense")
    assert build().replay("again.jsonl", settings=SETTINGS).indexed == 1


def test_in_place_keeps_what_fails_again_and_what_was_not_chosen(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    build(index=strict()).ingest(
        [{"_id": "a", "body": "x", "year": "?"}], index="b", dead_letters=BAD, settings=SETTINGS
    )
    turn(es, "dense", fail_on="wheel", status=400, retry=False)
    report = build().replay(BAD, in_place=True, only={"stage": "inference"}, settings=SETTINGS)
    assert (report.letters, report.indexed, report.dead_lettered, report.passed_over) == (2, 1, 1, 1)
    assert [letter["action"]["index"]["_id"] for letter in letters()] == ["a", "mill"]


def test_a_document_that_was_written_after_all_is_not_written_twice(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    build().ingest(RECORDS, settings=SETTINGS)
    version = es.get(index="things", id="mill")["_version"]
    report = build().replay(BAD, in_place=True, settings=SETTINGS)
    assert (report.letters, report.unchanged, report.indexed) == (2, 2, 0)
    assert es.get(index="things", id="mill")["_version"] == version
    assert BAD.read_bytes() == b""


def test_a_newer_document_is_not_overwritten(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    build().ingest([{**RECORDS[0], "body": "newer"}], settings=SETTINGS)
    report = build().replay(BAD, settings=SETTINGS)
    assert (report.indexed, report.superseded) == (1, 1)
    assert source(es, "mill")["body"] == "newer"
    assert build().replay(BAD, overwrite=True, settings=SETTINGS).indexed == 1
    assert source(es, "mill")["body"] == RECORDS[0]["body"]


def test_the_older_document_that_was_to_be_replaced_is_replaced(es: Elasticsearch, build: Build) -> None:
    build().ingest([{**RECORDS[0], "body": "older"}], settings=SETTINGS)
    poisoned(es, build)
    assert letters()[0]["replaces"] != []
    assert build().replay(BAD, settings=SETTINGS).indexed == 2
    assert source(es, "mill")["body"] == RECORDS[0]["body"]


def test_an_older_document_of_somebody_else_is_replaced_and_a_newer_one_is_not(es: Elasticsearch, build: Build) -> None:
    build().apply()
    es.index(index="things", id="mill", document={"body": "by hand"})
    poisoned(es, build)
    es.index(index="things", id="dam", document={"body": "by hand, later"})
    report = build().replay(BAD, settings=SETTINGS)
    assert (report.indexed, report.superseded) == (1, 1)
    assert source(es, "dam")["body"] == "by hand, later"


def test_a_record_that_followed_another_one_of_its_id_is_known_to_be_newer(es: Elasticsearch, build: Build) -> None:
    first, second = {"_id": "x", "body": "first"}, {"_id": "x", "body": "second river"}
    assert poisoned(es, build, first, second).dead_lettered == 1
    assert source(es, "x")["body"] == "first"
    assert build().replay(BAD, settings=SETTINGS).indexed == 1
    assert source(es, "x")["body"] == "second river"


def test_a_record_that_was_followed_by_another_one_is_known_to_be_older(es: Elasticsearch, build: Build) -> None:
    first, second = {"_id": "x", "body": "first river"}, {"_id": "x", "body": "second"}
    assert poisoned(es, build, first, second).dead_lettered == 1
    report = build().replay(BAD, settings=SETTINGS)
    assert (report.indexed, report.superseded) == (0, 1)
    assert source(es, "x")["body"] == "second"


def test_of_several_letters_for_a_document_the_last_counts(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build, {"_id": "x", "body": "river 1"}, {"_id": "y", "body": "river"}, {"_id": "x", "body": "river 2"})
    report = build().replay(BAD, settings=SETTINGS)
    assert (report.letters, report.indexed, report.superseded) == (3, 2, 1)
    assert source(es, "x")["body"] == "river 2"


def test_letters_without_an_id_overtake_nothing() -> None:
    later = Later()
    for index, id in (("a", "1"), ("a", None), ("b", "1"), ("a", None), ("a", "1"), ("a", "2")):
        later.add(index, id)
    assert later.overtaken().tolist() == [True, False, False, False, False, False]
    assert Later().overtaken().tolist() == []


def test_a_repair_runs_before_the_pipeline(es: Elasticsearch, build: Build) -> None:
    records = [{"_id": "a", "body": "text", "year": "?"}, {"_id": "b", "body": "text", "year": "!"}]
    pipeline = build(index=strict())
    pipeline.ingest(records, dead_letters=BAD, settings=SETTINGS)
    repair: list[dict[str, Any]] = [
        {"drop": {"if": "ctx.year == '!'"}},
        {"set": {"field": "year", "value": 1900}},
    ]
    report = pipeline.replay(BAD, repair=repair, in_place=True, settings=SETTINGS)
    assert (report.letters, report.indexed, report.dropped, report.inference.requests) == (2, 1, 1, 0)
    assert source(es, "a")["year"] == 1900
    assert BAD.read_bytes() == b""


def test_a_repaired_record_keeps_the_id_that_it_had(es: Elasticsearch, build: Build) -> None:
    pipeline = build(index=strict())
    pipeline.ingest([{"body": "text", "year": "?"}], dead_letters=BAD, settings=SETTINGS)
    id = letters()[0]["action"]["index"]["_id"]
    assert pipeline.replay(BAD, repair=[{"set": {"field": "year", "value": 1}}], settings=SETTINGS).indexed == 1
    assert source(es, id)["year"] == 1


def test_a_repair_that_fails_says_so_and_loses_nothing(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    repair = [{"rename": {"field": "no such field", "target_field": "x"}}]
    report = build().replay(BAD, repair=repair, dead_letters="again.jsonl", settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (0, 2)
    letter = letters(Path("again.jsonl"))[0]
    assert letter["stage"] == "repair.[0].rename"
    assert letter["record"] == RECORDS[0]
    assert letter["action"] == letters()[0]["action"]
    assert build().replay("again.jsonl", settings=SETTINGS).indexed == 2


def test_a_repair_that_embeds_is_refused(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    with pytest.raises(PipelineError, match=r"a repair embeds nothing, it cannot use the endpoint \[dense\]"):
        build().replay(BAD, repair=standard()["processors"][:1], settings=SETTINGS)


def test_vectors_in_a_letter_are_used_on_another_machine(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipeline = build(index=strict())
    pipeline.ingest([{"_id": "a", "body": "text", "year": "?"}], dead_letters=BAD, settings=SETTINGS)
    vector = letters()[0]["document"]["dense"]
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "another machine"))
    report = pipeline.replay(BAD, repair=[{"set": {"field": "year", "value": 1}}], settings=SETTINGS)
    assert (report.indexed, report.inference.requests, report.inference.cached) == (1, 0, 2)
    assert source(es, "a")["dense"] == vector


def test_a_line_that_could_not_be_read_is_replayed_once_somebody_has_mended_it(es: Elasticsearch, build: Build) -> None:
    Path("a.jsonl").write_text('{"_id": "a", "body": "text"\n{"_id": "b", "body": "text"}\n')
    build().ingest("a.jsonl", dead_letters=BAD, settings=SETTINGS)
    report = build().replay(BAD, dead_letters="again.jsonl", settings=SETTINGS)
    assert (report.letters, report.dead_lettered) == (1, 1)
    (letter,) = letters(Path("again.jsonl"))
    assert (letter["stage"], letter["source"], letter["line"]) == ("source", "a.jsonl", 1)
    assert letter["error"] == letters()[0]["error"]
    BAD.write_text(json.dumps({**letters()[0], "record": '{"_id": "a", "body": "text"}'}) + "\n")
    assert build().replay(BAD, settings=SETTINGS).indexed == 1
    BAD.write_text(json.dumps({**letters()[0], "record": {"_id": "b", "body": "which is newer?"}}) + "\n")
    report = build().replay(BAD, dead_letters="third.jsonl", settings=SETTINGS)
    assert report.dead_lettered == 1
    assert "may be newer (--overwrite sends it)" in letters(Path("third.jsonl"))[0]["error"]
    assert build().replay(BAD, overwrite=True, settings=SETTINGS).indexed == 1


def test_letters_go_to_the_index_and_with_the_ids_that_they_name(es: Elasticsearch, build: Build) -> None:
    pipeline = build()
    for index in ("one", "two"):
        pipeline.apply(index)
        turn(es, "dense", fail_on="river", status=400, retry=False)
        pipeline.ingest(
            [{"key": 7, "body": "a river"}], index=index, id_field="key", dead_letters=BAD, settings=SETTINGS
        )
    turn(es, "dense")
    report = pipeline.replay(BAD, settings=SETTINGS)
    assert (report.letters, report.indexed, len(report.jobs)) == (2, 2, 2)
    assert source(es, "7", "one") == source(es, "7", "two")


def test_letters_say_which_pipeline_is_missing(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    with pytest.raises(InputError, match=r"letters are of the pipeline \[standard\], which is not here any more"):
        replay([BAD], es, settings=SETTINGS)
    spec = from_dict(standard(), name="other")
    assert replay([BAD], es, spec=spec, settings=SETTINGS).indexed == 2


def test_letters_from_another_machine_find_their_pipeline_by_name(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    Path("pipelines").mkdir()
    Path("pipelines/standard.yaml").write_text(json.dumps(standard()))
    moved = [{**letter, "pipeline": {**letter["pipeline"], "file": "/elsewhere/standard.yaml"}} for letter in letters()]
    BAD.write_bytes(b"".join(orjson.dumps(letter) + b"\n" for letter in moved))
    assert replay([BAD], es, settings=SETTINGS).indexed == 2


def test_letters_of_the_first_version_need_a_pipeline_and_no_more(es: Elasticsearch, build: Build) -> None:
    letter = {"record": RECORDS[0], "reason": "?", "stage": "bulk", "error": "?", "source": "a", "line": 1}
    BAD.write_text(json.dumps(letter) + "\n")
    with pytest.raises(InputError, match="letters do not name their pipeline\n  name it: --pipeline NAME"):
        replay([BAD], es, settings=SETTINGS)
    assert build().replay(BAD, settings=SETTINGS).indexed == 1
    assert source(es, "mill")["body"] == RECORDS[0]["body"]


@pytest.mark.parametrize("line", ['{"_id": "a", "body": "text"}', "[]", '{"record": '])
def test_a_file_that_holds_no_letters_is_refused_with_the_line(build: Build, line: str) -> None:
    BAD.write_text(f"\n{line}\n")
    with pytest.raises(InputError, match=r"bad\.jsonl:2: is no dead letter"):
        build().replay(BAD, settings=SETTINGS)


def test_a_letter_that_was_cut_off_is_told_by_its_line_before_anything_is_sent(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    letters = BAD.read_text()
    there = count(es)
    BAD.write_text(letters + letters[:40])
    number = letters.count("\n") + 1
    with pytest.raises(InputError) as caught:
        build().replay(BAD, settings=SETTINGS)
    assert str(caught.value).startswith(f"{BAD}:{number}: is no dead letter: broken JSON at column 41: ")
    assert "nothing was sent; mend the line, or take it out" in str(caught.value)
    assert count(es) == there


def test_wrong_choices_are_said(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    with pytest.raises(InputError, match=r"letters have no \[stag\] to choose by\n  .*did you mean 'stage'"):
        build().replay(BAD, only={"stag": "bulk"}, settings=SETTINGS)
    with pytest.raises(InputError, match="given twice"):
        build().replay(BAD, BAD, settings=SETTINGS)
    with pytest.raises(InputError, match="there is no such file"):
        build().replay("nothing.jsonl", settings=SETTINGS)


def test_a_new_file_is_a_new_file(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    with pytest.raises(InputError, match="would be added to the file that is replayed"):
        build().replay(BAD, dead_letters=BAD, settings=SETTINGS)
    with pytest.raises(InputError, match="not both"):
        build().replay(BAD, dead_letters="new.jsonl", in_place=True, settings=SETTINGS)


def test_a_document_that_was_written_although_the_target_said_otherwise(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bulk request that is cut off after the write, every time."""
    send = BulkWriter._send

    def written_and_refused(self: BulkWriter, body: bytes) -> Any:
        answer = send(self, body)
        items = answer["items"]
        error = {"type": "es_rejected_execution_exception", "reason": "rejected"}
        return {"items": [{"index": {"status": 429, "error": error}} for _ in items]}

    with monkeypatch.context() as patch:
        patch.setattr(BulkWriter, "_send", written_and_refused)
        report = build().ingest(RECORDS, dead_letters=BAD, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered, count(es)) == (0, 3, 3)
    versions = [es.get(index="things", id=record["_id"])["_version"] for record in RECORDS]
    replayed = replay([BAD], es, Replay(in_place=True), spec=build().spec, settings=SETTINGS)
    assert (replayed.letters, replayed.unchanged, replayed.indexed) == (3, 3, 0)
    assert [es.get(index="things", id=record["_id"])["_version"] for record in RECORDS] == versions
    assert BAD.read_bytes() == b""


def test_nothing_chosen_is_nothing_done(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    report = build().replay(BAD, only={"error": "no such words"}, in_place=True, settings=SETTINGS)
    assert (report.letters, report.passed_over, report.jobs) == (0, 2, [])
    assert len(letters()) == 2


def test_ctrl_c_leaves_the_file_as_it_was(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    before = BAD.read_bytes()

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(IngestInterrupted):
        build().replay(BAD, in_place=True, settings=SETTINGS, on_progress=interrupt)
    assert BAD.read_bytes() == before
    assert build().replay(BAD, in_place=True, settings=SETTINGS).dead_lettered == 0
    assert count(es) == 3


def test_what_is_added_meanwhile_stays(es: Elasticsearch, build: Build) -> None:
    poisoned(es, build)
    added = json.dumps({"record": {"_id": "late", "body": "x"}, "stage": "bulk"}).encode() + b"\n"

    def another_job_writes(snapshot: Any) -> None:
        if snapshot.done:
            with BAD.open("ab") as file:
                file.write(added)

    build().replay(BAD, in_place=True, settings=SETTINGS, on_progress=another_job_writes)
    assert BAD.read_bytes() == added


def test_many_letters_are_read_in_pieces(es: Elasticsearch, build: Build) -> None:
    records = [{"_id": str(number), "body": f"river {number}"} for number in range(900)]
    poisoned(es, build, *records)
    settings = replace(SETTINGS, window=100)
    turn(es, "dense", fail_on="river 7", status=400, retry=False)
    report = build().replay(BAD, in_place=True, settings=settings)
    again = sum(record["body"].startswith("river 7") for record in records)
    assert (report.letters, report.indexed, report.dead_lettered) == (900, 900 - again, again)
    assert len(letters()) == again
    turn(es, "dense")
    assert build().replay(BAD, in_place=True, settings=settings).indexed == again
    assert (count(es), BAD.read_bytes()) == (900, b"")


def test_a_text_that_is_throttled_for_good_is_replayed_later(es: Elasticsearch, build: Build) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", fail_on="river", status=429, retry=False)
    impatient = replace(SETTINGS, pace=replace(SETTINGS.pace, patience=0))
    throttled = pipeline.ingest(RECORDS, dead_letters=BAD, settings=impatient).dead_lettered
    assert throttled == len(letters()) == sum("river" in str(record) for record in RECORDS)
    turn(es, "dense")
    report = replay([BAD], es, Replay(in_place=True), spec=pipeline.spec, settings=SETTINGS)
    assert (report.indexed, BAD.read_bytes()) == (throttled, b"")
