import json
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond.services._custom.paths import JsonPath
from headpond.services._http.upstream import MalformedError
from tests.services.cases.custom import PARSERS, REQUESTS, answer
from tests.services.provider import Provider, Reply


@pytest.fixture
def anybody(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {
        "secret_parameters": {"api_key": "hunter2"},
        "url": provider.url,
        "request": REQUESTS[task_type],
        "response": {"json_parser": PARSERS[task_type]},
        **options.pop("service_settings", {}),
    }
    return client.inference.put_custom(
        task_type=task_type, custom_inference_id="c", service="custom", service_settings=settings, **options
    ).body


def refused(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> str:
    with pytest.raises(BadRequestError) as caught:
        put(client, provider, task_type, **options)
    assert "hunter2" not in str(caught.value.body)
    return str(caught.value.body["error"]["reason"])


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, anybody: Provider) -> None:
    stored = put(
        client,
        anybody,
        service_settings={
            "headers": {"X-Key": "${api_key}", "x-none": None},
            "query_parameters": [["v", "1"]],
            "input_type": {"translation": {"search": "q", "ingest": "d"}, "default": ""},
        },
        task_settings={"parameters": {"size": 3, "none": None}},
    )
    assert list(stored["service_settings"].items()) == [
        ("similarity", "dot_product"),
        ("dimensions", 3),
        ("url", anybody.url),
        ("headers", {"X-Key": "${api_key}"}),
        ("query_parameters", [["v", "1"]]),
        ("request", REQUESTS["text_embedding"]),
        (
            "response",
            {"json_parser": {"text_embeddings": "$.result.rows[*].vector", "embedding_type": "float"}},
        ),
        ("input_type", {"translation": {"ingest": "d", "search": "q"}, "default": ""}),
        ("rate_limit", {"requests_per_minute": 10000}),
        ("batch_size", 10),
    ]
    assert list(stored["service_settings"]["input_type"]["translation"]) == ["ingest", "search"]
    assert stored["task_settings"] == {"parameters": {"size": 3}}
    assert "hunter2" not in json.dumps(client.inference.get().body)


def test_templates_are_filled_everywhere(client: Elasticsearch, anybody: Provider) -> None:
    put(
        client,
        anybody,
        service_settings={
            "url": anybody.url + "/${model}/embed?a=1",
            "headers": {"Authorization": "Bearer ${api_key}", "Content-Type": "application/x+json"},
            "query_parameters": [["key", "${api_key}"], ["q", "${model}&b ü"], ["q", "again"]],
            "request": '{"texts": ${input}, "kind": ${input_type}, "model": ${model}, "n": ${size}, "f": ${flag}}',
        },
        task_settings={"parameters": {"model": "m", "size": 3, "flag": True}},
    )
    client.inference.text_embedding(inference_id="c", input=['a "quoted" one', "ü"])
    asked = anybody.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/m/embed?a=1&key=hunter2&q=m%26b+%C3%BC&q=again")
    assert asked.body.decode() == '{"texts": ["a \\"quoted\\" one","ü"], "kind": "", "model": "m", "n": 3, "f": true}'
    assert asked.headers["authorization"] == "Bearer hunter2"
    assert asked.headers["content-type"] == "application/x+json"


def test_a_document_that_looks_like_a_template_stays_as_it_is(client: Elasticsearch, anybody: Provider) -> None:
    put(client, anybody)
    client.inference.text_embedding(inference_id="c", input="${api_key} ${nobody}")
    assert anybody.asked[-1].json()["texts"] == ["${api_key} ${nobody}"]


def test_a_placeholder_may_have_a_default(client: Elasticsearch, anybody: Provider) -> None:
    request = '{"query": ${query}, "texts": ${input}, "n": ${top_n:-7}}'
    put(client, anybody, "rerank", service_settings={"request": request})
    client.inference.rerank(inference_id="c", query="q", input=["a"])
    client.inference.rerank(inference_id="c", query="q", input=["a"], top_n=2)
    assert [asked.json()["n"] for asked in anybody.asked[1:]] == [7, 2]


def test_parameters_of_a_request_replace_those_of_the_endpoint_one_by_one(
    client: Elasticsearch, anybody: Provider
) -> None:
    request = '{"texts": ${input}, "kind": "", "a": ${a}, "b": ${b}}'
    put(client, anybody, service_settings={"request": request}, task_settings={"parameters": {"a": 1, "b": 2}})
    client.inference.text_embedding(inference_id="c", input="x", task_settings={"parameters": {"b": "new"}})
    assert anybody.asked[-1].json() == {"texts": ["x"], "kind": "", "a": 1, "b": "new"}


@pytest.mark.parametrize(("input_type", "word"), [(None, "any"), ("search", "q"), ("ingest", "any")])
def test_input_types_are_translated(
    client: Elasticsearch, anybody: Provider, input_type: str | None, word: str
) -> None:
    put(client, anybody, service_settings={"input_type": {"translation": {"search": "q"}, "default": "any"}})
    client.inference.text_embedding(inference_id="c", input="x", input_type=input_type)
    assert anybody.asked[-1].json()["kind"] == word


def test_texts_go_in_batches(client: Elasticsearch, anybody: Provider) -> None:
    put(client, anybody, "sparse_embedding", service_settings={"batch_size": 2})
    answer = client.inference.sparse_embedding(inference_id="c", input=["a", "b", "c"])
    assert [asked.json()["texts"] for asked in anybody.asked[1:]] == [["a", "b"], ["c"]]
    assert [item["embedding"] for item in answer["sparse_embedding"]] == [{"7": 0.5, word: 1.5} for word in "abc"]


@pytest.mark.parametrize(
    ("given", "key", "dimensions"),
    [("byte", "text_embedding_bytes", 3), ("bit", "text_embedding_bits", 24), ("Binary", "text_embedding_bits", 24)],
)
def test_element_types(client: Elasticsearch, anybody: Provider, given: str, key: str, dimensions: int) -> None:
    anybody.always = lambda asked: Reply(body=[[1, -2, 127]])
    parser = {"text_embeddings": "$", "embedding_type": given}
    stored = put(client, anybody, service_settings={"response": {"json_parser": parser}})
    assert stored["service_settings"]["dimensions"] == dimensions
    assert stored["service_settings"]["response"]["json_parser"]["embedding_type"] == given.lower()
    assert client.inference.text_embedding(inference_id="c", input="x").body == {key: [{"embedding": [1, -2, 127]}]}


def test_scores_without_indexes_are_put_in_order(client: Elasticsearch, anybody: Provider) -> None:
    anybody.always = lambda asked: Reply(body={"scores": [0.25, 1, 0.5][: len(asked.json()["texts"])]})
    put(client, anybody, "rerank", service_settings={"response": {"json_parser": {"relevance_score": "$.scores"}}})
    answer = client.inference.rerank(inference_id="c", query="q", input=["a", "b", "c"], top_n=2, return_documents=True)
    assert answer["rerank"] == [
        {"index": 1, "relevance_score": 1.0, "text": "b"},
        {"index": 2, "relevance_score": 0.5, "text": "c"},
    ]


@pytest.mark.parametrize(("wanted", "shown"), [(None, "bb"), (True, "bb"), (False, None)])
def test_texts_of_a_ranking_are_shown_unless_they_are_not_wanted(
    client: Elasticsearch, anybody: Provider, wanted: bool | None, shown: str | None
) -> None:
    put(client, anybody, "rerank")
    answer = client.inference.rerank(inference_id="c", query="q", input=["a", "bb"], return_documents=wanted)
    assert answer["rerank"][0].get("text") == shown


def test_a_completion_may_be_a_list(client: Elasticsearch, anybody: Provider) -> None:
    anybody.always = lambda asked: Reply(body={"texts": ["one", "two"], "text": "three"})
    put(client, anybody, "completion", service_settings={"response": {"json_parser": {"completion_result": "$.texts"}}})
    answer = client.inference.completion(inference_id="c", input="x")
    assert answer.body == {"completion": [{"result": "one"}, {"result": "two"}]}
    assert anybody.asked[-1].json() == {"prompt": "x", "key": "hunter2"}


BODY = {"a": {"rows": [{"v": [1, 2]}, {"v": [3]}]}, "n": 5, "e": []}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", BODY),
        (" $.n ", 5),
        ("$.a.rows[*].v", [[1, 2], [3]]),
        ("$.a.rows[*].v[*]", [[1, 2], [3]]),
        ("$.e[*].x", []),
    ],
)
def test_paths_keep_lists_inside_lists(path: str, found: Any) -> None:
    assert JsonPath.parse(path).extract(BODY) == found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (
            "$.a.lines",
            "Failed to follow the path [$.a.lines] in the response: at [$.a], unable to find field [lines] in it",
        ),
        (
            "$.a.rows[*].w",
            "Failed to follow the path [$.a.rows[*].w] in the response: at [$.a.rows[*]], unable to find field [w] in"
            " it",
        ),
        ("$.n[*]", "Failed to follow the path [$.n[*]] in the response: at [$.n], it holds no list but a number"),
        ("$.e.x", "Failed to follow the path [$.e.x] in the response: at [$.e], it holds no object but a list"),
    ],
)
def test_a_path_that_leads_nowhere_is_named_with_the_place(path: str, reason: str) -> None:
    with pytest.raises(MalformedError) as caught:
        JsonPath.parse(path).extract(BODY)
    assert str(caught.value) == reason


def test_an_answer_without_what_was_promised_names_the_path(client: Elasticsearch, anybody: Provider) -> None:
    put(client, anybody)
    anybody.then(*[Reply(body={"result": {"rows": [{"vec": [1]}]}})] * 2)
    with pytest.raises(ApiError) as caught:
        client.inference.text_embedding(inference_id="c", input="x")
    assert caught.value.body["error"]["reason"] == (
        "Failed to follow the path [$.result.rows[*].vector] in the response: at [$.result.rows[*]], unable to find"
        " field [vector] in it for request from inference entity id [c]"
    )


PARSER = "[service_settings.response.json_parser]"
UNDEFINED = "after replacement call, please check that all templates have a corresponding field definition."


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"headers": {"X": "${api_kye}"}},
            f"Found placeholder [${{api_kye}}] in field [header.X] {UNDEFINED} Defined there: [api_key, model], did you"
            " mean [api_key]?",
        ),
        (
            {"query_parameters": [["q", "${size}"]]},
            f"Found placeholder [${{size}}] in field [query parameters: [q]] {UNDEFINED} Defined there: [api_key,"
            " model]",
        ),
        (
            {"request": "${query}"},
            f"Found placeholder [${{query}}] in field [request] {UNDEFINED} Defined there: [api_key, input, input_type,"
            " model, size]",
        ),
        ({"url": "http://${api_key} /"}, "The field [url] makes no http or https address after replacement"),
        ({"url": "${api_key}"}, "The field [url] makes no http or https address after replacement"),
        (
            {"headers": {"X": "a\n${api_key}"}},
            "The field [header.X] makes a value that HTTP does not allow after replacement: printable ASCII characters"
            " only",
        ),
    ],
)
def test_a_template_that_cannot_be_filled_is_named_and_nothing_asked(
    client: Elasticsearch, anybody: Provider, settings: dict[str, Any], reason: str
) -> None:
    parameters = {"parameters": {"model": "m", "size": 3}}
    found = refused(client, anybody, service_settings=settings, task_settings=parameters)
    assert found == f"Validation Failed: 1: Failed to validate model configuration: {reason};"
    assert not anybody.asked


def test_a_template_that_a_request_breaks_is_named(client: Elasticsearch, anybody: Provider) -> None:
    put(
        client,
        anybody,
        service_settings={"headers": {"X": "${word} ${api_key}"}},
        task_settings={"parameters": {"word": "w"}},
    )
    with pytest.raises(BadRequestError) as caught:
        client.inference.text_embedding(inference_id="c", input="x", task_settings={"parameters": {"word": "\r\n"}})
    error = caught.value.body["error"]
    assert error["reason"] == "Failed to construct the custom service request"
    assert error["caused_by"]["reason"].startswith("The field [header.X] makes a value that HTTP does not allow")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("task_type", "settings", "problems"),
    [
        (
            "completion",
            {"response": {}},
            ["[service_settings.response] does not contain the required setting [json_parser]"],
        ),
        (
            "text_embedding",
            {"response": {"json_parser": {"text_embeddings": "a[*]", "embedding_type": "int"}, "other": 1}},
            [
                "[service_settings.response] does not allow the setting [other]",
                f"{PARSER} [text_embeddings]: Path [a[*]] must start with a dollar sign ($)",
                f"{PARSER} Invalid value [int] received. [embedding_type] must be one of [binary, bit, byte, float]",
            ],
        ),
        (
            "sparse_embedding",
            {"response": {"json_parser": {"token_path": "$.a[0]", "weights": "$"}}},
            [
                f"{PARSER} does not contain the required setting [weight_path]",
                f"{PARSER} [token_path]: Invalid path received [$.a[0]], unable to extract a field name at [[0]]; valid"
                " are [.name] and [[*]]",
                f"{PARSER} does not allow the setting [weights]",
            ],
        ),
        (
            "text_embedding",
            {
                "headers": {"a": 1},
                "query_parameters": [["a"]],
                "input_type": {"translation": {"find": "x", "search": ""}, "default": 1, "x": 1},
                "secret_parameters": {"api_key": ["hunter2"]},
                "batch_size": 0,
            },
            [
                "[service_settings] Map field [secret_parameters] has an entry that is not valid, [api_key]. Its type"
                " is not one of [str]",
                "[service_settings] Map field [headers] has an entry that is not valid, [a]. Its type is not one of"
                " [str]",
                '[service_settings] [query_parameters] must be a list of pairs of strings, as in [["key", "value"]]',
                "[input_type] Invalid input type translation for key: [find], must be one of [classification,"
                " clustering, ingest, search]",
                "[input_type] Input type translation value for key [search] must be a String that is not empty",
                "[input_type] Invalid value [1]. [default] must be a string",
                "[input_type] does not allow the setting [x]",
                "[service_settings] Invalid value [0]. [batch_size] must be a positive integer",
            ],
        ),
    ],
)
def test_wrong_settings_are_named_together(
    client: Elasticsearch, anybody: Provider, task_type: str, settings: dict[str, Any], problems: list[str]
) -> None:
    found = refused(client, anybody, task_type, service_settings=settings)
    assert found == "Validation Failed: " + "".join(f"{n}: {text};" for n, text in enumerate(problems, 1))


def test_an_endpoint_may_do_without_secrets(client: Elasticsearch, anybody: Provider) -> None:
    settings = {"secret_parameters": None, "request": '{"texts": ${input}, "kind": ""}'}
    put(client, anybody, service_settings=settings)
    client.inference.text_embedding(inference_id="c", input="x")
    assert anybody.asked[-1].json() == {"texts": ["x"], "kind": ""}


def test_update_replaces_parameters_one_by_one(client: Elasticsearch, anybody: Provider) -> None:
    request = '{"texts": ${input}, "kind": ${a}, "b": ${b}, "x": ${x}, "y": ${y}}'
    settings = {"secret_parameters": {"x": "hunter2", "y": "hunter3"}, "request": request}
    put(client, anybody, service_settings=settings, task_settings={"parameters": {"a": "1", "b": "2"}})
    changed = client.inference.update(
        inference_id="c",
        inference_config={
            "service_settings": {"secret_parameters": {"y": "hunter4"}},
            "task_settings": {"parameters": {"b": "3"}},
        },
    )
    assert changed["task_settings"] == {"parameters": {"a": "1", "b": "3"}}
    client.inference.text_embedding(inference_id="c", input="x")
    sent = {"texts": ["x"], "kind": "1", "b": "3", "x": "hunter2", "y": "hunter4"}
    assert anybody.asked[-1].json() == sent


def test_the_providers_whole_error_is_passed_on_without_secrets(client: Elasticsearch, anybody: Provider) -> None:
    put(client, anybody)
    anybody.then(Reply(400, {"why": ["hunter2 is no key"]}))
    with pytest.raises(BadRequestError) as caught:
        client.inference.text_embedding(inference_id="c", input="x")
    assert caught.value.body["error"]["reason"] == (
        "Received a bad request status code for request from inference entity id [c] status [400]. Error message:"
        ' [{"why":["*** is no key"]}]'
    )


def test_a_secret_is_blanked_as_it_looks_in_json_and_in_addresses(client: Elasticsearch, anybody: Provider) -> None:
    settings = {"secret_parameters": {"api_key": 'hunter"2 3'}, "query_parameters": [["key", "${api_key}"]]}
    put(client, anybody, service_settings=settings)
    anybody.then(Reply(400, {"path": anybody.asked[-1].path, "body": anybody.asked[-1].body.decode()}))
    with pytest.raises(BadRequestError) as caught:
        client.inference.text_embedding(inference_id="c", input="x")
    reason = caught.value.body["error"]["reason"]
    assert "hunter" not in reason
    assert '"path":"/?key=***"' in reason
