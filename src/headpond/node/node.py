"""The node: one object that answers HTTP requests as Elasticsearch does."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from headpond.errors import HeadpondError, RestError
from headpond.node.filter_path import filter_path
from headpond.node.http import JSON, VENDOR_JSON, Request, Response, encode
from headpond.node.inference import Inference
from headpond.node.ingest.ingest import Ingest
from headpond.node.ingest.stored import StoredPipelines
from headpond.node.router import Router
from headpond.node.search.points_in_time import PointsInTime
from headpond.node.security.refusal import Refusal
from headpond.node.security.security import Security
from headpond.node.store.database import Database
from headpond.node.store.indices import Indices
from headpond.node.trained_models import TrainedModels

log = logging.getLogger("headpond.node")

PRODUCT = {"x-elastic-product": "Elasticsearch"}


class Node:
    """An embedded Elasticsearch-compatible node.

    Args:
        path: the folder everything durable lives in; None keeps everything in memory.
        security: whether a request must say who sends it, and may only do what they may.
        password: of the user `elastic`, taken when security is on for the first time; None makes one up
            (`node.security.take_password()`).

    Attributes:
        database: the SQLite truth.
        indices: indices, their documents and their readers.
        trained_models: models that clients uploaded.
        inference: endpoints and the services behind them.
        ingest: pipelines that documents pass before they are written.
        points_in_time: snapshots that searches have asked for.
        security: users, roles and API keys; None where nobody is asked.

    Raises:
        TargetError: the folder cannot be used.
        RestError: the password is too short.
    """

    def __init__(self, path: Path | None = None, *, security: bool = False, password: str | None = None) -> None:
        self.path = path
        self.database = Database(path)
        self.security: Security | None = None
        try:
            self.indices = Indices(self.database)
            if security:
                self.security = Security(path, self.indices, password)
            self.trained_models = TrainedModels(self.database)
            pipelines = StoredPipelines(self.database)
            self.inference = Inference(self.database, self.trained_models.deployments, pipelines.using)
            self.ingest = Ingest(pipelines, self.indices, self.inference)
        except BaseException:
            if self.security is not None:
                self.security.close()
            self.database.close()
            raise
        self.points_in_time = PointsInTime()
        self._router = Router()

    def handle(self, request: Request, *, own: bool = False) -> Response:
        """Answers one request; errors become Elasticsearch's error bodies, nothing is raised.

        Args:
            request: the request.
            own: whether the process itself asks, so that nobody's credentials are looked at.
        """
        try:
            subject = self.security.authenticate(request) if self.security is not None and not own else None
            if request.body and not _readable(request.headers.get("content-type")):
                return self._unreadable(request)
            operation, call = self._router.find(request)
            if self.security is not None and subject is not None:
                call = self.security.authorize(subject, operation.action, call)
            answer = operation.handler(self, call)
        except RestError as error:
            return _failed(request, error)
        except RecursionError:
            return _failed(request, RestError(400, "illegal_argument_exception", "the request is nested too deep"))
        except HeadpondError as error:
            return _failed(request, RestError(500, "headpond_exception", str(error)))
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            reason = f"{type(error).__name__}: {error}"
            return _failed(request, RestError(500, "internal_server_error", reason))
        if isinstance(answer, Response):
            return replace(answer, headers={**PRODUCT, **answer.headers})
        return self._respond(request, 200, answer)

    def refused(self, request: Request) -> Response | None:
        """The answer to a request whose sender is not known, before its body was read; None where it may go on."""
        if self.security is None:
            return None
        try:
            self.security.authenticate(request)
        except Refusal as error:
            return _failed(request, error)
        return None

    def _respond(self, request: Request, status: int, answer: Any) -> Response:
        wanted = request.query.get("filter_path")
        if wanted:
            answer = filter_path(answer, wanted)
        body = b"" if request.method == "HEAD" else encode(answer, pretty=_pretty(request))
        return Response(status, {**PRODUCT, "content-type": media_type(request)}, body)

    def _unreadable(self, request: Request) -> Response:
        given = request.headers.get("content-type")
        accepted = request.headers.get("accept", "")
        if "compatible-with" in accepted:
            return self._respond(request, 400, _incompatible(accepted, given))
        text = f"Content-Type header [{given}] is not supported" if given else "Content-Type header is missing"
        return self._respond(request, 406, {"error": text, "status": 406})

    def respond(self, status: int, answer: Any, call_request: Request) -> Response:
        """An answer with a status other than 200, for handlers (201 of a created document, 404 of a missing one)."""
        return self._respond(call_request, status, answer)

    def close(self) -> None:
        """Flushes and closes files; a closed node cannot be used again."""
        self.indices.close()
        self.inference.close()
        self.trained_models.close()
        if self.security is not None:
            self.security.close()
        self.database.close()


def _failed(request: Request, error: RestError) -> Response:
    """An error's answer, which `filter_path` does not concern."""
    body = b"" if request.method == "HEAD" else encode(error.body(), pretty=_pretty(request))
    product = {} if isinstance(error, Refusal) else PRODUCT
    return Response(error.status, {**product, "content-type": media_type(request), **error.headers}, body)


def _readable(content_type: str | None) -> bool:
    """Whether a body of this type is read; refusing forms also keeps pages in a browser from writing to the node."""
    return content_type is not None and content_type.partition(";")[0].strip().lower().endswith(("json", "+json"))


def _incompatible(accept: str, content_type: str | None) -> dict[str, Any]:
    """The answer's body; unlike with other errors the cause is not the root cause here."""
    reason = (
        "A compatible version is required on both Content-Type and Accept headers if either one has requested a "
        f"compatible version. Accept={accept}, Content-Type={content_type}"
    )
    error = RestError(
        400, "media_type_header_exception", "Invalid media-type value on headers [Accept, Content-Type]"
    ).body()
    error["error"]["caused_by"] = {"type": "status_exception", "reason": reason}
    return error


def _pretty(request: Request) -> bool:
    return request.query.get("pretty", "false") in ("", "true")


def media_type(request: Request) -> str:
    """The content type of an answer: the vendor type for clients that ask for it, plain JSON otherwise."""
    return VENDOR_JSON if "vnd.elasticsearch+json" in request.headers.get("accept", "") else JSON
