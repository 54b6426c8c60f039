import inspect
import pickle

import pytest

from headpond import errors
from headpond.errors import InputError, MissingExtraError, RestError, UnknownNameError

EXAMPLES = [
    errors.HeadpondError("it broke", hint="mend it", transient=True),
    InputError("not an object", where="a.jsonl:37"),
    errors.PipelineError("unknown key", where="p.yaml:3"),
    UnknownNameError("processor", "infrence", ["inference", "set"]),
    MissingExtraError("a local model", "local", "onnxruntime"),
    errors.ModelError("wrong hash"),
    errors.TargetError("nobody answers"),
    errors.JobError("stopped"),
    RestError(429, "es_rejected_execution_exception", "queue is full", extra={"index": "a"}),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: errors.HeadpondError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_error_class_has_an_example_here() -> None:
    classes = {c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.HeadpondError)}
    assert classes == {type(error) for error in EXAMPLES}


def test_an_unknown_name_lists_the_valid_ones_and_names_the_nearest() -> None:
    text = str(UnknownNameError("processor", "infrence", ["set", "inference"], where="p.yaml:7"))
    assert text == "p.yaml:7: unknown processor 'infrence', did you mean 'inference'?\n  known: inference, set"


def test_a_name_like_no_other_has_no_nearest() -> None:
    assert UnknownNameError("processor", "zzz", ["set"]).nearest is None


def test_a_nested_cause_becomes_the_root_cause() -> None:
    inner = RestError(401, "status_exception", "bad key")
    body = RestError(400, "status_exception", "could not create", caused_by=inner).body()
    assert body["status"] == 400
    assert body["error"]["root_cause"] == [{"type": "status_exception", "reason": "bad key"}]
    assert body["error"]["caused_by"]["reason"] == "bad key"


@pytest.mark.parametrize(("status", "transient"), [(429, True), (503, True), (400, False), (404, False)])
def test_throttles_and_unavailability_are_transient(status: int, transient: bool) -> None:
    assert RestError(status, "status_exception", "x").transient is transient
