"""Lint reads the settings of endpoints as their services do, without keys and without calling anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from headpond.node.settings_lint import settings_problems
from headpond.pipeline.lint import Finding, lint

OPENAI = "{task_type: text_embedding, service: openai, service_settings: {%s}}"


def findings(tmp_path: Path, endpoint: str) -> list[Finding]:
    file = tmp_path / "p.yaml"
    model = "{model_id: e, input_output: {input_field: a, output_field: b}}"
    file.write_text(f"endpoints:\n  e: {endpoint}\nprocessors:\n  - inference: {model}\n")
    return [found for found in lint(file, judge=settings_problems) if found.code != "unset-variable"]


GOOD = [
    OPENAI % 'api_key: "${OPENAI_API_KEY}", model_id: m',
    OPENAI % 'api_key: "${OPENAI_API_KEY}", model_id: "${MODEL:m}", dimensions: "${DIMENSIONS}"',
    '{task_type: text_embedding, service: cohere, service_settings: {api_key: "${KEY}", url: "${URL}", model_id: m}}',
    "{task_type: text_embedding, service: elasticsearch, service_settings: "
    "{model_id: all-minilm-l6-v2, num_allocations: 1, num_threads: 1}}",
    "{task_type: sparse_embedding, service: fake}",
]


@pytest.mark.parametrize("endpoint", GOOD)
def test_what_a_service_takes_or_cannot_judge_yet_is_no_finding(tmp_path: Path, endpoint: str) -> None:
    assert findings(tmp_path, endpoint) == []


BAD = {
    "misspelt": (OPENAI % 'api_keyy: "${OPENAI_API_KEY}", model_id: m', "error", "[api_key]", "is 'api_keyy' meant"),
    "unknown": (OPENAI % 'api_key: "${KEY}", model_id: m, retries: 3', "error", "{retries=3}] unknown to the", None),
    "type": (OPENAI % 'api_key: "${KEY}", model_id: m, dimensions: many', "error", "field [dimensions] is not", None),
    "service": ("{task_type: rerank, service: opnai}", "error", "'opnai', did you mean 'openai'?", None),
    "task-type": ("{task_type: rerank, service: openai}", "error", "does not support task type [rerank]", None),
    "task-settings": (
        "{task_type: rerank, service: fake, task_settings: {top_n: 0}}", "error", "[top_n] must be a positive", None
    ),
    "chunking": (
        "{task_type: sparse_embedding, service: fake, chunking_settings: {strategy: page}}", "error", "page", None
    ),
    "own-model": (
        "{task_type: text_embedding, service: elasticsearch, service_settings: "
        "{model_id: my-own-model, num_allocations: 1, num_threads: 1}}", "warning", "my-own-model", None
    ),
    "cluster-only": ("{task_type: rerank, service: elastic}", "warning", "the pond has no service 'elastic'", None),
}  # fmt: skip


@pytest.mark.parametrize(("endpoint", "level", "text", "hint"), BAD.values(), ids=BAD)
def test_what_a_service_refuses_is_found(
    tmp_path: Path, endpoint: str, level: str, text: str, hint: str | None
) -> None:
    found = [one for one in findings(tmp_path, endpoint) if one.code == "endpoint-settings"]
    assert [(one.level, one.where) for one in found] == [(level, f"{tmp_path}/p.yaml:2")]
    assert text in found[0].message
    assert (found[0].hint or "").startswith(hint or "")


def test_all_problems_of_an_endpoint_are_found_each_with_its_line(tmp_path: Path) -> None:
    endpoint = """
    task_type: text_embedding
    service: openai
    service_settings:
      api_key: "${OPENAI_API_KEY}"
      model_id: ""
      dimensions: -1"""
    found = findings(tmp_path, endpoint)
    assert [int(one.where.rpartition(":")[2]) for one in found] == [7, 8]
    assert "sk-" not in str(found)
