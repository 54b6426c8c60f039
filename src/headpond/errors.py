"""Every error headpond raises on purpose.

    HeadpondError                 base: a message a user can act on
    +-- InputError                a file, a record or an option is wrong; says where
    |   +-- PipelineError         a pipeline file; carries file and line
    |   +-- UnknownNameError      a name that is not in a registry; lists the valid ones and the nearest
    +-- MissingExtraError         an optional dependency is not installed; carries the install line
    +-- ModelError                model weights: not at hand, wrong hash, unsupported
    +-- TargetError               the pond or the cluster cannot be used as asked
    +-- JobError                  a job ended before its input did
    +-- RestError                 an error answer in Elasticsearch's own shape (status, type, reason, root cause)

`transient` says whether the same call may succeed later without a change by the user.
Every class survives pickling, so that errors cross process borders unharmed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class HeadpondError(Exception):
    """Base of all errors raised on purpose; `str()` is fit to be shown to a user.

    Args:
        message: what was wrong, with the value in it.
        hint: what to do next, one line.
        transient: whether trying again later may help.
    """

    def __init__(self, message: str, *, hint: str | None = None, transient: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.transient = transient

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.args, self.__dict__))


def _restore(kind: type[HeadpondError], args: tuple[Any, ...], state: dict[str, Any]) -> HeadpondError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class InputError(HeadpondError):
    """Something the user gave is wrong.

    Args:
        message: what was wrong.
        where: file, line or field, as in `articles.jsonl:37` or `processors[0].inference`.
        hint: what to do next.
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where


class PipelineError(InputError):
    """A pipeline file cannot be used; `where` is `file:line`."""


class UnknownNameError(InputError):
    """A name that nothing is registered under.

    Args:
        kind: what the name should be, as in `processor`.
        got: the name that was given.
        known: the valid names.
        where: file, line or field.
    """

    def __init__(self, kind: str, got: str, known: Iterable[str], *, where: str | None = None) -> None:
        self.kind, self.got, self.known = kind, got, sorted(known)
        self.nearest = nearest(got, self.known)
        message = f"unknown {kind} {got!r}"
        if self.nearest:
            message += f", did you mean {self.nearest!r}?"
        listed = ", ".join(self.known) or "(none)"
        super().__init__(message, where=where, hint=f"known: {listed}")


def nearest(got: str, known: Iterable[str]) -> str | None:
    """The known name most like `got`, or None when nothing is near."""
    found = difflib.get_close_matches(got.lower(), {name.lower(): name for name in known}, n=1, cutoff=0.6)
    return next((name for name in known if name.lower() == found[0]), None) if found else None


class MissingExtraError(HeadpondError):
    """An optional dependency is missing; the message holds the line that installs it."""

    def __init__(self, feature: str, extra: str, missing: str) -> None:
        super().__init__(
            f"{feature} needs the package {missing!r}, which is not installed",
            hint=f"pip install 'headpond[{extra}]'",
        )
        self.extra = extra


class ModelError(HeadpondError):
    """Model weights are not at hand, do not match their hash, or cannot be run."""


class TargetError(HeadpondError):
    """The pond or the cluster behind a target cannot be reached or used."""


class JobError(HeadpondError):
    """A job stopped before its input ended; nothing already written is lost."""


_NOT_ITS_OWN = frozenset(
    {
        "action_request_validation_exception",
        "date_time_exception",
        "date_time_parse_exception",
        "i_o_exception",
        "illegal_argument_exception",
        "illegal_state_exception",
        "input_coercion_exception",
        "json_e_o_f_exception",
        "json_parse_exception",
        "named_object_not_found_exception",
        "null_pointer_exception",
        "number_format_exception",
        "validation_exception",
        "x_content_e_o_f_exception",
        "x_content_parse_exception",
    }
)
"""Causes that are exceptions of Java or of a library: Elasticsearch looks for the root cause among its own only."""


class RestError(HeadpondError):
    """An error answer in Elasticsearch's shape.

    Args:
        status: HTTP status.
        type: Elasticsearch's snake_case exception name.
        reason: the text Elasticsearch shows.
        caused_by: the nested cause; the innermost of Elasticsearch's own exceptions becomes the `root_cause`.
        extra: further members of the error object, for example `index` or `timed_out`.
        headers: further response headers, for example `Retry-After`.

    Attributes:
        origin: what a provider behind this error calls it (`code`, `type`, `param`); chat completions pass it on.
    """

    def __init__(
        self,
        status: int,
        type: str,
        reason: str,
        *,
        caused_by: RestError | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason, transient=status in (408, 429, 502, 503, 504))
        self.status = status
        self.type = type
        self.reason = reason
        self.caused_by = caused_by
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        self.origin: dict[str, str] = {}

    def cause(self) -> dict[str, Any]:
        """The error object without root causes, as `caused_by` and bulk items hold it."""
        body: dict[str, Any] = {"type": self.type, "reason": self.reason, **self.extra}
        if self.caused_by is not None:
            body["caused_by"] = self.caused_by.cause()
        return body

    def body(self) -> dict[str, Any]:
        """The whole answer: `{"error": {"root_cause": [...], "type", "reason", ...}, "status"}`."""
        root = self
        while root.caused_by is not None and (
            root.caused_by.type not in _NOT_ITS_OWN or root.type == root.caused_by.type == "x_content_parse_exception"
        ):
            root = root.caused_by
        root_cause = {"type": root.type, "reason": root.reason, **root.extra}
        return {"error": {"root_cause": [root_cause], **self.cause()}, "status": self.status}
