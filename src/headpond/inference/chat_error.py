"""Errors of chat completions, which look like OpenAI's instead of Elasticsearch's."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from headpond.errors import RestError


class ChatError(RestError):
    """An error whose body is `{"error": {"code", "message", "param"?, "type"}}`; the status is not repeated in it.

    `code`, `type` and `param` are the provider's where it gave them.
    """

    @classmethod
    def of(cls, error: RestError) -> ChatError:
        """The same error in this shape."""
        found = cls(error.status, error.type, error.reason, caused_by=error.caused_by, headers=error.headers)
        found.origin = error.origin
        return found

    def body(self) -> dict[str, Any]:
        """The whole answer."""
        shown = {"code": self.origin.get("code", _name(self.status)), "message": self._message()}
        if "param" in self.origin:
            shown["param"] = self.origin["param"]
        return {"error": {**shown, "type": self.origin.get("type", self.type)}}

    def _message(self) -> str:
        """The reason and, as there is no other place for them here, its causes."""
        reasons, error = [self.reason], self.caused_by
        while error is not None:
            reasons.append(error.reason)
            error = error.caused_by
        return ": ".join(reasons)


def _name(status: int) -> str:
    """The name of a status in lower case, as in `bad_request`."""
    try:
        return HTTPStatus(status).name.lower()
    except ValueError:
        return str(status)
