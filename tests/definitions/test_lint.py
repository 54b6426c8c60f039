from __future__ import annotations

from pathlib import Path

import pytest

from headpond.errors import InputError
from headpond.pipeline.lint import Finding, lint

GOOD = """\
endpoints:
  dense: {task_type: text_embedding, service: fake}
index:
  mapping:
    mappings: {properties: {vector: {type: dense_vector}}}
processors:
  - inference: {model_id: dense, input_output: {input_field: body, output_field: vector}}
search:
  query: {match: {body: "{{query}}"}}
"""


def findings(tmp_path: Path, text: str) -> list[Finding]:
    file = tmp_path / "p.yaml"
    file.write_text(text)
    return lint(file)


def test_a_good_file_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD) == []


CASES = {
    "empty processor": (
        GOOD.replace("processors:\n", "processors:\n  -\n"),
        "invalid-value",
        7,
        "processors[0] is empty, it must be an object (key: value)",
    ),
    "empty processor before a wrong one": (
        GOOD.replace("processors:\n", "processors:\n  -\n  - set:\n"),
        "missing-key",
        8,
        "[field] is required",
    ),
    "unknown key": (GOOD + "serch: {}\n", "unknown-key", 10, "unknown key 'serch', did you mean 'search'?"),
    "unknown processor": (
        GOOD.replace("- inference:", "- inferense:"),
        "unknown-stage",
        7,
        "unknown processor 'inferense', did you mean 'inference'?",
    ),
    "unknown option": (
        GOOD.replace("output_field: vector", "output_feld: vector"),
        "unknown-key",
        7,
        "unknown key 'output_feld', did you mean 'output_field'?",
    ),
    "undeclared endpoint": (
        GOOD.replace("model_id: dense", "model_id: dnse"),
        "undeclared-endpoint",
        7,
        "endpoint 'dnse' is not declared, did you mean 'dense'?",
    ),
    "unused endpoint": (
        GOOD.replace("endpoints:\n", "endpoints:\n  more: {task_type: rerank, service: fake}\n"),
        "unused-endpoint",
        2,
        "endpoint 'more' is not used",
    ),
    "wrong task type": (
        GOOD + "response_processors:\n  - rerank:\n      inference_id: dense\n      field: body\n",
        "wrong-task-type",
        12,
        "endpoint 'dense' does text_embedding, here it must do rerank",
    ),
    "wrong task type of a fallback": (
        GOOD + "response_processors:\n  - rerank:\n      inference_id: .far\n      field: body\n"
        "      fallback:\n        inference_id: dense\n",
        "wrong-task-type",
        15,
        "endpoint 'dense' does text_embedding, here it must do rerank",
    ),
    "unknown task type": (
        GOOD.replace("task_type: text_embedding", "task_type: embedding"),
        "invalid-value",
        2,
        "endpoints.dense.task_type is 'embedding'",
    ),
    "unset variable": (
        GOOD.replace("service: fake}", 'service: fake, service_settings: {model_id: "${NO_SUCH_NAME}"}}'),
        "unset-variable",
        2,
        "the environment variable NO_SUCH_NAME is not set",
    ),
    "unknown mapping": (
        GOOD.replace("  mapping:\n    mappings: {properties: {vector: {type: dense_vector}}}", "  mapping: hybird"),
        "mapping",
        4,
        "unknown mapping 'hybird', did you mean 'hybrid'?",
    ),
    "missing field": (
        GOOD.replace("{vector: {type: dense_vector}}", "{other: {type: text}}"),
        "missing-field",
        7,
        "the mapping has no field 'vector' for the vectors of 'dense'; it needs dense_vector",
    ),
    "wrong field type": (
        GOOD.replace("type: dense_vector", "type: sparse_vector"),
        "wrong-field-type",
        7,
        "field 'vector' is mapped as sparse_vector, 'dense' needs dense_vector",
    ),
    "wrong placeholder": (
        GOOD.replace("{{query}}", "{{query}} {{sise}}"),
        "placeholder",
        9,
        "unknown placeholder {{sise}}, did you mean {{size}}?",
    ),
    "no query": (GOOD.replace("{{query}}", "mill"), "no-query", 8, "the search never uses {{query}}"),
    "wrong retriever": (
        GOOD.replace('query: {match: {body: "{{query}}"}}', 'retriever: {rrf: {retreivers: ["{{query}}"]}}'),
        "unknown-key",
        9,
        "unknown key 'retreivers', did you mean 'retrievers'?",
    ),
    "two processors in one": (
        GOOD.replace("- inference:", "- drop: {}\n    inference:"),
        "invalid",
        7,
        "a processor is one name with its options",
    ),
    "unknown expectation": (
        GOOD + "tests:\n  - name: x\n    documents: [{_id: a}]\n    query: q\n    expect: {frist: a}\n",
        "unknown-key",
        14,
        "unknown key 'frist', did you mean 'first'?",
    ),
    "window": (
        GOOD.replace('query: {match: {body: "{{query}}"}}',
                     'retriever: {rrf: {retrievers: [{standard: {query: {match: {body: "{{query}}"}}}}]}}')
        + "response_processors:\n  - rerank: {inference_id: .rerank-v1-elasticsearch, field: body, window: 50}\n",
        "window",
        11,
        "response_processors[0].rerank looks at 50 hits, [rrf] gives 10 (rank_window_size)",
    ),
    "normalizer of the client alone": (
        GOOD.replace('query: {match: {body: "{{query}}"}}',
                     'retriever: {linear: {normalizer: zscore, retrievers: '
                     '[{retriever: {standard: {query: {match: {body: "{{query}}"}}}}}]}}'),
        "client-only",
        9,
        "search.retriever.linear: the normalizer [zscore] is computed on the client; Elasticsearch has none",
    ),
    "placeholder of a filter": (
        GOOD + "request_processors:\n  - filter_query: {query: {match: {kind: '{{qery}}'}}}\n",
        "placeholder",
        11,
        "unknown placeholder {{qery}}, did you mean {{query}}?",
    ),
    "template without a search": (
        "request_processors:\n  - template: {}\n", "no-search", 2, "template has nothing to fill",
    ),
    "field of a stage": (
        GOOD + "response_processors:\n  - collapse: {field: vectr}\n",
        "missing-field",
        11,
        "collapse reads 'vectr', the mapping has no such field, did you mean 'vector'?",
    ),
    "placeholder of a template": (
        GOOD + "response_processors:\n  - rerank: {inference_id: .rerank-v1-elasticsearch, template: '{{vctor}}'}\n",
        "missing-field",
        11,
        "rerank reads 'vctor', the mapping has no such field, did you mean 'vector'?",
    ),
    "field of a closed mapping": (
        GOOD.replace("mappings: {properties", "mappings: {dynamic: strict, properties")
        + "response_processors:\n  - collapse: {field: somewhere}\n",
        "missing-field",
        11,
        "collapse reads 'somewhere', the mapping has no such field",
    ),
    "vector that is none": (
        GOOD.replace("{vector: {type: dense_vector}}", "{vector: {type: dense_vector}, body: {type: text}}")
        + "response_processors:\n  - diversify: {field: body}\n",
        "wrong-field-type",
        11,
        "field 'body' is mapped as text, diversify needs dense_vector",
    ),
    "field that is left out": (
        GOOD.replace("search:\n", "search:\n  _source: {excludes: [bo*]}\n")
        + "response_processors:\n  - best_chunk: {field: [title, body]}\n",
        "left-out",
        12,
        "best_chunk reads 'body', which the search leaves out of `_source`",
    ),
    "field that is not let in": (
        GOOD.replace("search:\n", "search:\n  _source: [title]\n")
        + "response_processors:\n  - best_chunk: {field: [title, body]}\n",
        "left-out",
        12,
        "best_chunk reads 'body', which the search leaves out of `_source`",
    ),
    "cut before it is ranked": (
        GOOD + "response_processors:\n  - truncate_hits: {target_size: 5}\n  - diversify: {field: vector}\n",
        "order",
        12,
        "truncate_hits leaves 5 hits, diversify behind it looks at 50",
    ),
    "answered before it is ordered": (
        GOOD + "response_processors:\n  - best_chunk: {field: body}\n  - diversify: {field: vector}\n",
        "order",
        12,
        "best_chunk stands before diversify, which says which hits come first",
    ),
    "sorted before it is ordered": (
        GOOD + "response_processors:\n  - sort: {by: year}\n  - diversify: {field: vector}\n",
        "order",
        12,
        "diversify orders the hits anew, so that the order of sort before it is lost",
    ),
    "groups of one page": (
        GOOD + "response_processors:\n  - collapse: {field: kind}\n",
        "window",
        11,
        "collapse sees as many hits as a page has, so that a page has few groups",
    ),
    "renamed before it is read": (
        GOOD + "response_processors:\n  - rename_field: {field: a, target_field: b}\n  - collapse: {field: a}\n",
        "order",
        12,
        "collapse reads 'a', which rename_field before it has renamed",
    ),
    "endpoint of another task": (
        GOOD + "response_processors:\n  - completion: {inference_id: dense, field: body}\n",
        "wrong-task-type",
        11,
        "endpoint 'dense' does text_embedding, here it must do completion",
    ),
    "fields that are none": (
        GOOD.replace("{vector: {type: dense_vector}}", "{a: {properties: 5}}"),
        "mapping",
        4,
        "[mappings.properties.a.properties] is an object of fields, not 5",
    ),
    "yaml": ("a: [", "yaml", 1, "is not YAML"),
}  # fmt: skip


def test_processors_in_a_good_order_have_no_findings(tmp_path: Path) -> None:
    good = (
        GOOD
        + """\
request_processors:
  - oversample: {sample_factor: 2}
  - filter_query: {query: {match: {kind: "{{query}}"}}}
  - template: {}
response_processors:
  - rerank: {inference_id: .rerank-v1-elasticsearch, field: body}
  - diversify: {field: vector}
  - collapse: {field: kind}
  - sort: {field: tags, target_field: sorted}
  - truncate_hits: {}
  - best_chunk: {field: body, inference_id: dense}
  - rename_field: {field: body, target_field: text}
  - sort: {field: text}
"""
    )
    assert findings(tmp_path, good) == []


def test_a_source_that_only_the_target_can_refuse_is_passed_over(tmp_path: Path) -> None:
    search = "search:\n  _source: 5\n"
    assert findings(tmp_path, GOOD.replace("search:\n", search) + "response_processors:\n  - sort: {by: a}\n") == []


@pytest.mark.parametrize(
    "more",
    [
        "request_processors:\n  - oversample: {sample_factor: 2}\nresponse_processors:\n  - collapse: {field: kind}\n",
        "response_processors:\n  - collapse: {field: kind}\n  - diversify: {field: vector}\n",
    ],
)
def test_groups_of_more_hits_than_a_page_has_need_no_hint(tmp_path: Path, more: str) -> None:
    assert findings(tmp_path, GOOD + more) == []


@pytest.mark.parametrize(("text", "code", "line", "message"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_found_with_its_line(tmp_path: Path, text: str, code: str, line: int, message: str) -> None:
    found = findings(tmp_path, text)
    matching = [finding for finding in found if finding.code == code]
    assert matching, found
    assert matching[0].where == f"{tmp_path}/p.yaml:{line}"
    assert message in matching[0].message


def test_several_errors_are_listed_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = "processors:\n  - sett: {}\n  - drop: {x: 1}\n  - remove: {}\nnonsense: 1\n"
    lines = [finding.where.rpartition(":")[2] for finding in findings(tmp_path, text)]
    assert lines == ["2", "3", "4", "5"]


def test_a_pipeline_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown pipeline 'quickstrt', did you mean 'quickstart'\?\n  known: "):
        lint("quickstrt")
    with pytest.raises(InputError, match=r"there is no pipeline file 'no/such\.yaml'"):
        lint("no/such.yaml")
