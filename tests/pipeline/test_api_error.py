"""What an error of the official client says in a message."""

import pytest
from elasticsearch import ApiError

import headpond
from headpond.pipeline.api_error import describe


def error(reason: str) -> ApiError:
    with headpond.connect("memory") as es, pytest.raises(ApiError) as caught:
        es.perform_request(
            "PUT",
            "/_inference/text_embedding/e",
            headers={"content-type": "application/json", "accept": "application/json"},
            body={"service": reason},
        )
    return caught.value


def test_the_status_stands_behind_the_reason() -> None:
    assert describe(error("nobody")).endswith(" (400)")


def test_a_hint_below_the_reason_keeps_its_line() -> None:
    of_two_lines = error("nobody")
    of_two_lines.body["error"] = {"reason": "it needs a package\n  pip install 'it'"}
    assert describe(of_two_lines) == "it needs a package (400)\n  pip install 'it'"
