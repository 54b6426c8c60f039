"""Errors that the inference API raises in many places."""

from __future__ import annotations

from collections.abc import Sequence

from headpond.errors import RestError


def validation_failed(problems: Sequence[str], type: str = "action_request_validation_exception") -> RestError:
    """A 400 whose reason numbers every problem: `Validation Failed: 1: ...;2: ...;`.

    Args:
        problems: at least one text.
        type: `action_request_validation_exception` for requests, `validation_exception` for settings.
    """
    numbered = "".join(f"{number}: {problem};" for number, problem in enumerate(problems, 1))
    return RestError(400, type, f"Validation Failed: {numbered}")


def not_implemented(feature: str) -> RestError:
    """A 501 for what Elasticsearch has and headpond has not."""
    return RestError(501, "not_implemented_exception", f"{feature} is not implemented by headpond")


def status_exception(status: int, reason: str, *, caused_by: RestError | None = None) -> RestError:
    """An ElasticsearchStatusException."""
    return RestError(status, "status_exception", reason, caused_by=caused_by)
