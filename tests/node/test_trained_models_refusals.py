"""Wrong uploads of trained models are refused in Elasticsearch's words; the texts are those of 9.2.4."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.node.trained import INPUT, configured, error_of

CONFIG_ERRORS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "m",
        {"input": INPUT},
        {
            "type": "action_request_validation_exception",
            "reason": "Validation Failed: 1: [model_type] must be set if [definition] is not defined.;"
            "2: [inference_config] must not be null.;",
            "status": 400,
        },
    ),
    (
        "Bad Id",
        {"model_type": "pytorch", "inference_config": {"text_embedding": {}}},
        {
            "type": "action_request_validation_exception",
            "reason": "Validation Failed: 1: Invalid model_id; 'Bad Id' can contain lowercase alphanumeric (a-z and"
            " 0-9), hyphens or underscores; must start and end with alphanumeric;",
            "status": 400,
        },
    ),
    (
        "m" * 65,
        {"model_type": "pytorch", "inference_config": {"text_embedding": {}}},
        {
            "type": "action_request_validation_exception",
            "reason": f"Validation Failed: 1: Invalid model_id; '{'m' * 65}' cannot contain more than 64 characters.;",
            "status": 400,
        },
    ),
    (
        "m",
        {"model_type": "pytorch", "tags": ["Bad Tag", "ok"], "inference_config": {"text_embedding": {}}},
        {
            "type": "action_request_validation_exception",
            "reason": "Validation Failed: 1: Invalid tags [Bad Tag]; must only can contain lowercase alphanumeric"
            " (a-z and 0-9), hyphens or underscores, must start and end with alphanumeric, and must be less than 64"
            " characters.;",
            "status": 400,
        },
    ),
    (
        "m",
        {
            "model_type": "pytorch",
            "tags": ["m"],
            "input": {"field_names": []},
            "inference_config": {"text_embedding": {}},
        },
        {
            "type": "action_request_validation_exception",
            "reason": "Validation Failed: 1: none of the tags must equal the model_id;"
            "2: [input.field_names] must not be empty;",
            "status": 400,
        },
    ),
    (
        "m",
        {"model_type": "pytorch", "version": "1", "created_by": "x", "inference_config": {"text_embedding": {}}},
        {
            "type": "action_request_validation_exception",
            "reason": "Validation Failed: 1: illegal to set [version] at inference model creation;"
            "2: illegal to set [created_by] at inference model creation;",
            "status": 400,
        },
    ),
    (
        "m",
        {"model_id": "other", "model_type": "pytorch", "inference_config": {"text_embedding": {}}},
        {
            "type": "illegal_argument_exception",
            "reason": "Inconsistent model_id; 'other' specified in the body differs from 'm' specified as a URL"
            " argument",
            "status": 400,
        },
    ),
    (
        "m",
        {"model_type": "pytorch", "foo": 1},
        {
            "type": "x_content_parse_exception",
            "reason": "[1:25] [trained_model_config] unknown field [foo]",
            "status": 400,
        },
    ),
    (
        "m",
        {"model_size_bytes": -5},
        {
            "type": "illegal_argument_exception",
            "reason": "[model_size_bytes] must be greater than or equal to 0",
            "status": 400,
        },
    ),
    (
        "m",
        {"description": 5},
        {
            "type": "x_content_parse_exception",
            "reason": "[1:16] [trained_model_config] description doesn't support values of type: VALUE_NUMBER",
            "status": 400,
        },
    ),
    (
        "m",
        {"inference_config": {"text_embedding": {}, "ner": {}}},
        {
            "type": "illegal_state_exception",
            "reason": "parser for [inference_config] did not end on END_OBJECT",
            "status": 400,
        },
    ),
]


@pytest.mark.parametrize(("model_id", "body", "expected"), CONFIG_ERRORS)
def test_a_wrong_configuration_is_refused_in_elasticsearchs_words(
    client: Elasticsearch, model_id: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    with pytest.raises(ApiError) as caught:
        client.ml.put_trained_model(model_id=model_id, body=body)
    assert error_of(caught) == expected


@pytest.mark.parametrize(
    ("config", "reasons"),
    [
        ({"bogus": {}}, ["trained_model_config", "inference_config", "unknown field [bogus]"]),
        (
            {"text_embedding": {"tokenization": {"foo": {}}}},
            ["trained_model_config", "inference_config", "text_embedding", "tokenization", "unknown field [foo]"],
        ),
        (
            {"text_embedding": {"tokenization": {"bert": {"foo": 1}}}},
            ["trained_model_config", "inference_config", "text_embedding", "tokenization", "unknown field [foo]"],
        ),
        (
            {"text_embedding": {"tokenization": {"bert": {"truncate": "middle"}}}},
            [
                "trained_model_config",
                "inference_config",
                "text_embedding",
                "tokenization",
                "No enum constant org.elasticsearch.xpack.core.ml.inference.trainedmodel.Tokenization.Truncate.MIDDLE",
            ],
        ),
        (
            {"text_embedding": {"tokenization": {"bert": {"span": 5}}}},
            [
                "trained_model_config",
                "inference_config",
                "text_embedding",
                "[span] must not be provided when [truncate] is [first]",
            ],
        ),
        (
            {"text_embedding": {"embedding_size": 0}},
            ["trained_model_config", "inference_config", "[embedding_size] must be a number greater than 0"],
        ),
        (
            {"text_embedding": {"vocabulary": {"index": "x"}}},
            ["trained_model_config", "inference_config", "illegal setting [vocabulary] on inference model creation"],
        ),
        (
            {"text_embedding": {"tokenization": {"xlm_roberta": {"do_lower_case": True}}}},
            [
                "trained_model_config",
                "inference_config",
                "text_embedding",
                "unable to set [do_lower_case] to [true] for XLMRoberta tokenizer",
            ],
        ),
    ],
)
def test_a_wrong_part_of_a_configuration_is_shown_as_deep_as_it_stands(
    client: Elasticsearch, config: dict[str, Any], reasons: list[str]
) -> None:
    with pytest.raises(ApiError) as caught:
        client.ml.put_trained_model(model_id="m", body={"model_type": "pytorch", "inference_config": config})
    error: Any = caught.value.body["error"]
    assert caught.value.meta.status == 400
    for place, reason in enumerate(reasons):
        last = place == len(reasons) - 1
        assert (reason if last else f"[{reason}] failed to parse field [") in error["reason"]
        error = error.get("caused_by")


@pytest.mark.parametrize(
    ("body", "feature"),
    [
        ({"model_type": "pytorch", "inference_config": {"ner": {}}}, "the task [ner] of trained models"),
        (
            {"model_type": "pytorch", "inference_config": {"text_embedding": {"tokenization": {"bert_ja": {}}}}},
            "the tokenization [bert_ja]",
        ),
        (
            {
                "model_type": "pytorch",
                "inference_config": {"text_embedding": {"tokenization": {"bert": {"truncate": "none", "span": 5}}}},
            },
            "[span]",
        ),
        ({"model_type": "tree_ensemble", "inference_config": {"text_embedding": {}}}, "the model type [tree_ensemble]"),
        ({"definition": {}}, "[definition]"),
    ],
)
def test_what_cannot_be_run_here_is_refused_before_it_is_uploaded(
    client: Elasticsearch, body: dict[str, Any], feature: str
) -> None:
    with pytest.raises(ApiError) as caught:
        client.ml.put_trained_model(model_id="m", body=body)
    assert caught.value.meta.status == 501
    assert feature in error_of(caught)["reason"]


VALID = {"definition": "AAAA", "total_definition_length": 3, "total_parts": 1}


@pytest.mark.parametrize(
    ("part", "body", "expected"),
    [
        (
            -1,
            {"definition": "AAAA"},
            "Validation Failed: 1: [part] must be greater or equal to 0;2: [total_parts] must be greater than 0;"
            "3: [total_definition_length] must be greater than 0;",
        ),
        (1, VALID, "Validation Failed: 1: [part] must be less than total_parts;"),
        (
            0,
            {**VALID, "total_parts": 20_000},
            "Validation Failed: 1: [total_parts] must be less than or equal to 10000;",
        ),
        (0, {"total_parts": 1}, "[definition] must not be null."),
        (0, {**VALID, "x": 3}, "[1:66] [put_trained_model_part_action] unknown field [x]"),
        (
            0,
            {**VALID, "definition": "A*A"},
            "[1:15] [put_trained_model_part_action] failed to parse field [definition]",
        ),
        (
            0,
            {"definition": 5},
            "[1:15] [put_trained_model_part_action] definition doesn't support values of type: VALUE_NUMBER",
        ),
        ("first", VALID, "Failed to parse int parameter [part] with value [first]"),
    ],
)
def test_a_wrong_part_is_refused_in_elasticsearchs_words(
    client: Elasticsearch, part: Any, body: dict[str, Any], expected: str
) -> None:
    configured(client)
    with pytest.raises(ApiError) as caught:
        client.ml.put_trained_model_definition_part(model_id="m", part=part, body=body)
    assert (caught.value.meta.status, error_of(caught)["reason"]) == (400, expected)


@pytest.mark.parametrize(
    ("tokenizer", "body", "expected"),
    [
        ("bert", {"vocabulary": []}, "Validation Failed: 1: [vocabulary] must not be empty;"),
        (
            "bert",
            {"vocabulary": ["a"], "scores": [1, 2]},
            "Validation Failed: 1: [scores] must have same length as [vocabulary];",
        ),
        ("bert", {"merges": []}, "[vocabulary] must not be null."),
        ("bert", {"vocabulary": ["a"], "x": 1}, "[1:21] [put_trained_model_vocabulary] unknown field [x]"),
        ("bert", {"vocabulary": ["a", {}]}, "[1:20] [put_trained_model_vocabulary] failed to parse field [vocabulary]"),
        (
            "roberta",
            {"vocabulary": ["a"]},
            "cannot put vocabulary for model [m] as tokenizer type [roberta] requires [merges] to be provided and"
            " non-empty",
        ),
        (
            "xlm_roberta",
            {"vocabulary": ["a"]},
            "cannot put vocabulary for model [m] as tokenizer type [xlm_roberta] requires [scores] to be provided and"
            " non-empty",
        ),
    ],
)
def test_a_wrong_vocabulary_is_refused_in_elasticsearchs_words(
    client: Elasticsearch, tokenizer: str, body: dict[str, Any], expected: str
) -> None:
    configured(client, config={"tokenization": {tokenizer: {}}})
    with pytest.raises(ApiError) as caught:
        client.ml.put_trained_model_vocabulary(model_id="m", body=body)
    assert (caught.value.meta.status, error_of(caught)["reason"]) == (400, expected)
