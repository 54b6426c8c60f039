"""What is wrong with a processor is said when the file is read: once, with file, line and the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest

from headpond.errors import PipelineError
from headpond.pipeline.load import load
from headpond.stages.ingest import PROCESSORS
from headpond.stages.known import MISSING

CASES = {
    "lowercas: {field: a}": "unknown processor 'lowercas', did you mean 'lowercase'",
    "set: {feild: a, value: 1}": "unknown key 'feild', did you mean 'field'",
    "set: {field: a}": r"\[value\] required property is missing",
    "set: {field: a, value: 1, copy_from: b}": "cannot set both `copy_from` and `value`",
    "set: {field: a, value: '{{#each}}x{{/each}}'}": "the snippet '{{#each}}' is not supported",
    "set: {field: a, value: '{{a'}": "is not closed",
    "set: {field: a, value: 1, media_type: text/html}": r"supported media type \[text/html\]",
    "set: {field: 1, value: 1}": "valid string",
    "set: {field: a, value: 1, override: maybe}": "valid boolean",
    "set: {field: a, value: 1, if: 'ctx.a ='}": "'=' at character 7 is not supported here",
    "set: {field: a, value: 1, on_failure: []}": "processors list cannot be empty",
    "remove: {field: a, keep: b}": r"\[keep\] and \[field\] cannot both be used",
    "convert: {field: a, type: int}": "type \\[int\\] not supported",
    "date: {field: a, formats: [yyyy-QQ]}": r"the letter \[Q\] of the date format \[yyyy-QQ\] is not supported here",
    "date: {field: a, formats: [foo]}": "Unknown pattern letter: f",
    "date: {field: a, formats: [ISO8601], timezone: Mars/Phobos}": "Mars/Phobos",
    "date: {field: a, formats: [ISO8601], locale: xx-XX-XX-!!}": "xx-XX-XX-!!",
    "gsub: {field: a, pattern: '[', replacement: b}": "unclosed character class",
    r"gsub: {field: a, pattern: '\p{Foo}', replacement: b}": "Foo",
    "dissect: {field: a, pattern: nothing}": "Unable to find any keys or delimiters",
    "csv: {field: a, target_fields: []}": "target fields list can't be empty",
    "fingerprint: {fields: [a], method: CRC}": "CRC",
    "sort: {field: a, order: up}": r"Sort direction \[up\] not recognized",
    "json: {field: a, add_to_root: true, target_field: b}": "Cannot set a target field while",
    "foreach: {field: a, processor: {set: {}, remove: {}}}": "Must specify exactly one processor type",
    "foreach: {field: a, processor: {sett: {}}}": "unknown processor 'sett', did you mean 'set'",
    "chunk: {field: a, strategy: tokens}": r"\[model\] the strategy \[tokens\] needs it",
    "dot_expander: {field: ab}": "does not contain a dot",
    "inference: {model_id: e, field_map: {}}": r"\[field_map\] is not supported here: use input_output",
    "script: {source: 'ctx.a = 1'}": "'script' of Elasticsearch is not supported here; use the other processors",
    "grok: {field: a, patterns: []}": "the processor 'grok' of Elasticsearch is not supported here; use dissect",
}


@pytest.mark.parametrize(("processor", "message"), CASES.items(), ids=list(CASES))
def test_one_message_with_file_and_line(tmp_path: Path, processor: str, message: str) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"description: x\nprocessors:\n  - trim: {{field: a}}\n  - {processor}\n")
    with pytest.raises(PipelineError, match=message) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}:4: ")
    assert str(caught.value).count(str(file)) == 1, caught.value


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("processors:\n  - sett: {}\n  - set: {feild: a, value: 1}\n  - gsub: {field: a, pattern: '['}\n")
    with pytest.raises(PipelineError) as caught:
        load(file)
    for line, message in ((2, "sett"), (3, "feild"), (4, "[replacement]"), (4, "unclosed")):
        assert any(f"p.yaml:{line}" in text and message in text for text in str(caught.value).splitlines())


def test_what_is_wrong_in_a_pipeline_that_is_called_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("pipelines:\n  inner:\n    processors:\n      - trimm: {field: a}\nprocessors: []\n")
    with pytest.raises(PipelineError, match=r"p\.yaml:4: unknown processor 'trimm', did you mean 'trim'"):
        load(file)


def test_no_processor_is_both_here_and_missing() -> None:
    assert not set(PROCESSORS.names()) & set(MISSING)
