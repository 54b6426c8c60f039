from typing import Any

import pytest

from headpond.errors import RestError
from headpond.inference.settings import Settings, java_text, refuse_unknown


def problems(values: dict[str, Any], read: str, *args: Any, **options: Any) -> list[str]:
    settings = Settings(values, "service_settings")
    getattr(settings, read)(*args, **options)
    return settings.problems


@pytest.mark.parametrize(
    ("values", "read", "args", "problem"),
    [
        ({}, "required_text", ("api_key",), "[service_settings] does not contain the required setting [api_key]"),
        (
            {"x": ""},
            "text",
            ("x",),
            "[service_settings] Invalid value empty string. [x] must be a non-empty string",
        ),
        (
            {"x": "abc"},
            "positive",
            ("x",),
            "field [x] is not of the expected type. The value [abc] cannot be converted to a [Integer]",
        ),
        (
            {"x": True},
            "positive",
            ("x",),
            "field [x] is not of the expected type. The value [true] cannot be converted to a [Integer]",
        ),
        ({"x": 0}, "positive", ("x",), "[service_settings] Invalid value [0]. [x] must be a positive integer"),
        (
            {"x": "d"},
            "choice",
            ("x", ("c", "a", "b")),
            "[service_settings] Invalid value [d] received. [x] must be one of [a, b, c]",
        ),
        (
            {"url": "ftp://x"},
            "url",
            ("url",),
            "[service_settings] Invalid url [ftp://x] received for field [url]. Error: unable to parse url [ftp://x]."
            " Reason: the scheme must be http or https",
        ),
    ],
)
def test_a_problem_is_noted_in_elasticsearchs_words(
    values: dict[str, Any], read: str, args: tuple[Any, ...], problem: str
) -> None:
    assert problems(values, read, *args) == [problem]


def test_all_problems_are_raised_together() -> None:
    settings = Settings({}, "service_settings")
    settings.required_text("api_key")
    settings.required_text("model_id")
    with pytest.raises(RestError) as caught:
        settings.raise_problems()
    assert caught.value.type == "validation_exception"
    assert caught.value.reason == (
        "Validation Failed: 1: [service_settings] does not contain the required setting [api_key];"
        "2: [service_settings] does not contain the required setting [model_id];"
    )


def test_what_nobody_read_is_refused_by_name() -> None:
    with pytest.raises(RestError) as caught:
        refuse_unknown({"foo": 1, "bar": [True, None]}, "openai")
    assert caught.value.reason == (
        "Model configuration contains settings [{foo=1, bar=[true, null]}] unknown to the [openai] service"
    )


@pytest.mark.parametrize("name", ["api_key", "apikey", "api-key", "client_secret", "token", "service_account_json"])
def test_a_misplaced_secret_is_not_shown(name: str) -> None:
    assert "hunter2" not in java_text({name: "hunter2"})


def test_a_secret_of_the_wrong_type_is_not_shown() -> None:
    assert "hunter2" not in str(problems({"api_key": ["hunter2"]}, "text", "api_key"))


def test_a_token_limit_is_no_secret() -> None:
    assert java_text({"max_input_tokens": 5}) == "{max_input_tokens=5}"


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    (problem,) = problems({"url": "https://me:hunter2@host/x"}, "url", "url")
    assert "hunter2" not in problem
    assert "user name or password" in problem
