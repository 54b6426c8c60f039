import pickle

import pytest

from headpond.errors import RestError
from headpond.inference.endpoint import Endpoint, check_id
from headpond.inference.fingerprint import fingerprint
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType

ENDPOINT = Endpoint(
    "my-ep",
    TaskType.TEXT_EMBEDDING,
    "openai",
    {"model_id": "m", "dimensions": 3},
    chunking_settings={"strategy": "none"},
    hidden={"dimensions_set_by_user": False},
)


@pytest.mark.parametrize("name", ["a", "my-ep", "a.b_c-1", "0", "x" * 65])
def test_ids_of_small_letters_and_digits_are_fine(name: str) -> None:
    check_id(name)
    assert name == name.lower()


@pytest.mark.parametrize("name", ["My-Ep", ".elser", "-a", "a_", "a b", "é", ""])
def test_other_ids_are_refused_in_elasticsearchs_words(name: str) -> None:
    with pytest.raises(RestError) as caught:
        check_id(name)
    assert caught.value.type == "action_request_validation_exception"
    assert caught.value.reason == (
        f"Validation Failed: 1: Invalid inference_id; '{name}' can contain lowercase alphanumeric (a-z and 0-9),"
        " hyphens or underscores; must start and end with alphanumeric;"
    )


def test_members_stand_in_elasticsearchs_order_and_empty_task_settings_are_left_out() -> None:
    assert list(ENDPOINT.to_json()) == [
        "inference_id",
        "task_type",
        "service",
        "service_settings",
        "chunking_settings",
    ]


def test_what_is_stored_comes_back_with_what_is_hidden() -> None:
    assert Endpoint.from_stored(ENDPOINT.to_stored()) == ENDPOINT
    assert "hidden" not in ENDPOINT.to_json()


def test_secrets_show_their_names_only() -> None:
    secrets = Secrets({"api_key": "hunter2"})
    for shown in (repr(secrets), str(secrets), f"{secrets}", f"{[secrets]}"):
        assert "hunter2" not in shown
        assert "api_key" in shown


def test_secrets_are_not_pickled() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secrets({"api_key": "hunter2"}))


def test_quoted_secrets_are_blanked() -> None:
    secrets = Secrets({"a": "hunter2", "b": "hunter2-long"})
    assert secrets.redact("wrong key hunter2-long, or hunter2?") == "wrong key ***, or ***?"


def test_a_fingerprint_does_not_depend_on_name_speed_or_cost() -> None:
    shown = ENDPOINT.to_json()
    other = {
        **shown,
        "inference_id": "other",
        "service_settings": {**shown["service_settings"], "rate_limit": {"requests_per_minute": 1}, "num_threads": 2},
        "task_settings": {"user": "me"},
    }
    assert fingerprint(shown) == fingerprint(other)


@pytest.mark.parametrize(
    "change",
    [
        {"service": "cohere"},
        {"service_settings": {"model_id": "other", "dimensions": 3}},
        {"service_settings": {"model_id": "m", "dimensions": 4}},
        {"service_settings": {"model_id": "m", "dimensions": 3, "url": "http://localhost/"}},
        {"task_settings": {"truncate": "START"}},
        {"headpond": {"serves": "m", "weights": "abc"}},
    ],
)
def test_a_fingerprint_changes_with_what_changes_vectors(change: dict[str, object]) -> None:
    shown = ENDPOINT.to_json()
    assert fingerprint(shown) != fingerprint({**shown, **change})
