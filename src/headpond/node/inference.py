"""Inference endpoints of a node: kept, shown, and asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from headpond.errors import HeadpondError, RestError
from headpond.inference.chat import ChatRequest
from headpond.inference.chat_error import ChatError
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.definition import Change, Definition
from headpond.inference.duration import parse_duration
from headpond.inference.endpoint import Endpoint, check_id
from headpond.inference.hidden_url import hide, whole
from headpond.inference.input_type import InputType
from headpond.inference.invalid import not_implemented, status_exception
from headpond.inference.request import PROBE_TEXT, InferenceRequest
from headpond.inference.results import Result
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.inference.workers import QueueFullError, Workers
from headpond.node.begun import Begun
from headpond.node.endpoints import Endpoints, Stored, already_exists
from headpond.node.inference_refusals import in_use, no_such_to_update, not_created, not_found
from headpond.node.store.database import Database
from headpond.node.trained_models.deployments import Deployments
from headpond.registry import Registry
from headpond.services._known import ELASTICSEARCH_SERVICES
from headpond.services.base import Service
from headpond.services.elasticsearch import Elasticsearch

log = logging.getLogger("headpond.node.inference")

SERVICES: Registry[Service] = Registry(
    "service",
    "headpond.services",
    Service,  # type: ignore[type-abstract]  # only compared with
    group="headpond.services",
)

DEFAULT_TIMEOUT = "30s"
PROBE = InferenceRequest(input=(PROBE_TEXT,), input_type=InputType.INGEST)
RERANK_PROBE = InferenceRequest(input=(PROBE_TEXT,), query="test query")

T = TypeVar("T")


class Inference:
    """The inference API without HTTP; its errors are Elasticsearch's.

    Args:
        database: the node's.
        deployments: the uploaded models that the service `elasticsearch` may run.
        users: the ingest pipelines that ask an endpoint, by its id.
    """

    def __init__(
        self, database: Database, deployments: Deployments, users: Callable[[str], list[str]] = lambda inference_id: []
    ) -> None:
        self._endpoints = Endpoints(database)
        self._deployments = deployments
        self._users = users
        self._workers = Workers()
        self._services: dict[str, Service] = {}

    def put(
        self, inference_id: str, task_type: TaskType | None, body: Mapping[str, Any], timeout: str | None = None
    ) -> dict[str, Any]:
        """Makes an endpoint: reads its settings, asks it once, stores it.

        Args:
            inference_id: its name.
            task_type: from the path; None takes the one in the body.
            body: as of `PUT _inference`.
            timeout: for the first call, 30s by default.

        Returns:
            The endpoint as stored: defaults, dimensions and similarity filled in, no secrets.

        Raises:
            RestError: 400, the body is wrong, the id is taken, or the first call failed; the cause is nested.
        """
        check_id(inference_id)
        deadline = parse_timeout(timeout)
        definition = Definition.parse(task_type, body)
        name = definition.service
        if name not in SERVICES:
            if name in ELASTICSEARCH_SERVICES:
                raise not_implemented(f"the service [{name}]")
            raise status_exception(400, f"Unknown service [{name}]")
        if self._endpoints.get(inference_id):
            raise already_exists(inference_id)
        if self._deployments.takes(inference_id):
            raise status_exception(
                400,
                f"Inference endpoint IDs must be unique. Requested inference endpoint ID [{inference_id}] matches"
                " existing trained model ID(s) but must not.",
            )
        endpoint, secrets = hide(*self._service(name).parse(inference_id, definition.task_type, definition.config))
        endpoint = self._validated(endpoint, secrets, deadline)
        try:
            self._endpoints.add(endpoint, secrets)
        except RestError:
            self._stop(endpoint)
            raise
        return self._describe(endpoint)

    def update(
        self, inference_id: str, task_type: TaskType | None, body: Mapping[str, Any], timeout: str | None = None
    ) -> dict[str, Any]:
        """Changes secrets, task settings and what else its service lets one change; asks the endpoint once before.

        Args:
            inference_id: its name.
            task_type: must be the endpoint's when given.
            body: `service_settings`, `task_settings`, `task_type`; all optional.
            timeout: for the call that checks the change, 30s by default.

        Returns:
            The endpoint as stored.

        Raises:
            RestError: 400, the body is wrong or the check failed; 404, there is no such endpoint.
        """
        check_id(inference_id)
        deadline = parse_timeout(timeout)
        change = Change.parse(body)
        stored = self._endpoints.get(inference_id)
        if stored is None:
            raise no_such_to_update(inference_id)
        endpoint, secrets = stored
        if {task_type, change.task_type} - {None, TaskType.ANY, endpoint.task_type}:
            raise status_exception(400, "Task type must match the task type of the existing endpoint")
        service = self._service_of(endpoint)
        before = whole(endpoint, secrets)
        updated, newer = hide(*service.update(before, secrets, change.service_settings, change.task_settings))
        if (updated, newer) != (endpoint, secrets):
            updated = self._validated(updated, newer, deadline)
            if not self._endpoints.replace(updated, newer):
                raise no_such_to_update(inference_id)
        return self._describe(updated)

    def get(self, inference_id: str, task_type: TaskType | None = None) -> dict[str, Any]:
        """One endpoint as GET shows it.

        Raises:
            RestError: 404, there is none; 400, it has another task type.
        """
        return self._describe(self._find(inference_id, task_type)[0])

    def exists(self, inference_id: str) -> bool:
        """Whether there is an endpoint of this id, built-in ones apart."""
        return self._endpoints.get(inference_id) is not None

    def get_all(self, task_type: TaskType | None = None) -> list[dict[str, Any]]:
        """All endpoints, built-in ones too, by id; those of one task type when it is given."""
        found = {endpoint.inference_id: endpoint for endpoint in (*self._builtin(), *self._endpoints.all())}
        wanted = None if task_type is TaskType.ANY else task_type
        return [self._describe(found[name]) for name in sorted(found) if wanted in (None, found[name].task_type)]

    def delete(
        self, inference_id: str, task_type: TaskType | None = None, *, dry_run: bool = False, force: bool = False
    ) -> dict[str, Any]:
        """Forgets an endpoint and its secrets; a built-in one stays.

        Args:
            inference_id: its name.
            task_type: must be the endpoint's when given.
            dry_run: only says who uses it.
            force: also when an ingest pipeline asks it.

        Raises:
            RestError: 404, there is none; 400, it has another task type; 409, an ingest pipeline asks it.
        """
        endpoint, _ = self._find(inference_id, task_type)
        pipelines = self._users(inference_id)
        reason = in_use(inference_id, pipelines) if pipelines else ""
        if dry_run:
            return {"acknowledged": False, "pipelines": pipelines, "indexes": [], "error_message": reason}
        if reason and not force:
            raise status_exception(409, reason)
        if self._endpoints.remove(inference_id):
            self._stop(endpoint)
        return {"acknowledged": True, "pipelines": [], "indexes": []}

    def infer(
        self,
        inference_id: str,
        task_type: TaskType | None,
        body: Any,
        timeout: str | None = None,
        *,
        raw: bytes | None = None,
    ) -> Result:
        """Asks an endpoint.

        Args:
            inference_id: its name.
            task_type: must be the endpoint's when given.
            body: as of `POST _inference`.
            timeout: Elasticsearch time units, 30s by default; the call returns or raises by then.
            raw: the bytes `body` was parsed from, for line and column in errors.

        Raises:
            RestError: 400 for a wrong request, 404 for an unknown endpoint, 408 when the time is over, and what the
                service says.
        """
        deadline = parse_timeout(timeout)
        if self.is_chat(inference_id, task_type):
            only = "The [chat_completion] task type only supports streaming, please try again with the _stream API"
            raise ChatError(400, "status_exception", only)
        request = InferenceRequest.parse(body, task_type or TaskType.ANY, raw=raw)
        endpoint, secrets = self._asked(inference_id, task_type)
        if endpoint.task_type is TaskType.RERANK:
            request.require_query()
        return self._ask(endpoint, secrets, request, deadline)

    def stream(
        self,
        inference_id: str,
        task_type: TaskType | None,
        body: Any,
        timeout: str | None = None,
        *,
        raw: bytes | None = None,
    ) -> Stream:
        """Asks an endpoint for a completion or a chat completion piece by piece.

        Args:
            inference_id: its name.
            task_type: must be the endpoint's when given.
            body: as of `POST _inference/.../_stream`.
            timeout: until the first piece; later no pause is longer.
            raw: the bytes `body` was parsed from, for line and column in errors.

        Returns:
            The pieces; the first has come. Whoever takes it closes it.

        Raises:
            RestError: as of `infer`, and 405 for a task type that is not streamed.
        """
        deadline = parse_timeout(timeout)
        endpoint, secrets = self._asked(inference_id, task_type)
        service, endpoint = self._service_of(endpoint), whole(endpoint, secrets)
        begin: Callable[[], Stream]
        if endpoint.task_type is TaskType.CHAT_COMPLETION:
            chat = ChatRequest.parse(body, raw=raw)
            begin = partial(service.chat, endpoint, secrets, chat, deadline)
        elif endpoint.task_type is TaskType.COMPLETION:
            request = InferenceRequest.parse(body, endpoint.task_type, raw=raw)
            begin = partial(service.stream, endpoint, secrets, request, deadline)
        else:
            raise status_exception(
                405,
                f"Streaming is not allowed for service [{endpoint.service}] and task [{endpoint.task_type}]."
                " Supported tasks: [completion, chat_completion]",
            )
        return self._in_time(endpoint, deadline, lambda: Begun.begin(begin, deadline))

    def is_chat(self, inference_id: str, task_type: TaskType | None) -> bool:
        """Whether a request is one for a chat completion, whose errors look otherwise."""
        if task_type in (None, TaskType.ANY) and (stored := self._endpoints.get(inference_id)):
            task_type = stored[0].task_type
        return task_type is TaskType.CHAT_COMPLETION

    @staticmethod
    def services(task_type: TaskType | None = None) -> list[dict[str, Any]]:
        """What there is to make endpoints with, by name; those of one task type when it is given."""
        kinds = [SERVICES.get(name) for name in SERVICES]
        return [kind.described() for kind in kinds if task_type in (None, TaskType.ANY, *kind.task_types)]

    def close(self) -> None:
        """Closes files and connections."""
        self._workers.close()
        for service in self._services.values():
            service.close()
        self._endpoints.close()

    def _asked(self, inference_id: str, task_type: TaskType | None) -> Stored:
        endpoint, secrets = self._stored(inference_id)
        if task_type not in (None, TaskType.ANY, endpoint.task_type):
            raise status_exception(
                400,
                f"Incompatible task_type, the requested type [{task_type}] does not match the model type"
                f" [{endpoint.task_type}]",
            )
        return endpoint, secrets

    def _ask(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        service = self._service_of(endpoint)
        work = partial(self._answer, service, endpoint, secrets, request, deadline)
        return work() if service.punctual() else self._in_time(endpoint, deadline, work)

    def _answer(
        self, service: Service, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> Result:
        if not service.started(endpoint):
            # A built-in endpoint that was not used before; what is settled now must not change under its vectors.
            endpoint = self._endpoints.keep_first(service.start(endpoint, deadline))
        return service.infer(whole(endpoint, secrets), secrets, request, deadline)

    def _in_time(self, endpoint: Endpoint, deadline: Deadline, work: Callable[[], T]) -> T:
        try:
            return self._workers.run(work, deadline)
        except TimeoutError:
            raise status_exception(408, f"Request timed out after [{deadline}]") from None
        except QueueFullError:
            reason = f"Failed to execute task for inference id [{endpoint.inference_id}] because the request service"
            full = f"{reason} [{endpoint.service}] queue is full"
            raise RestError(429, "es_rejected_execution_exception", full) from None

    def _validated(self, endpoint: Endpoint, secrets: Secrets, deadline: Deadline) -> Endpoint:
        service = self._service_of(endpoint)
        probe = RERANK_PROBE if endpoint.task_type is TaskType.RERANK else PROBE
        begun = not service.started(endpoint)
        if begun:
            endpoint = self._in_time(endpoint, deadline, partial(service.start, endpoint, deadline))
        try:
            return service.learned(endpoint, self._probed(endpoint, secrets, probe, deadline))
        except RestError:
            if begun:
                service.stop(endpoint)
            raise

    def _probed(self, endpoint: Endpoint, secrets: Secrets, probe: InferenceRequest, deadline: Deadline) -> Result:
        try:
            return self._ask(endpoint, secrets, probe, deadline)
        except RestError as error:
            raise not_created(error) from error
        except HeadpondError as error:
            raise not_created(status_exception(400, str(error))) from error

    def _find(self, inference_id: str, task_type: TaskType | None) -> Stored:
        stored = self._stored(inference_id)
        if task_type not in (None, TaskType.ANY, stored[0].task_type):
            raise status_exception(
                400,
                f"Requested task type [{task_type}] does not match the inference endpoint's task type"
                f" [{stored[0].task_type}]",
            )
        return stored

    def _stored(self, inference_id: str) -> Stored:
        stored = self._endpoints.get(inference_id)
        if stored is not None:
            return stored
        if inference_id.startswith("."):
            for endpoint in self._builtin():
                if endpoint.inference_id == inference_id:
                    return endpoint, Secrets()
        raise not_found(inference_id)

    def _builtin(self) -> list[Endpoint]:
        return [endpoint for name in SERVICES for endpoint in SERVICES.get(name).builtin()]

    def _describe(self, endpoint: Endpoint) -> dict[str, Any]:
        return self._service_of(endpoint).describe(endpoint)

    def _service_of(self, endpoint: Endpoint) -> Service:
        if endpoint.service not in SERVICES:
            reason = f"Unknown service [{endpoint.service}] for model [{endpoint.inference_id}]. "
            raise status_exception(400, reason)
        return self._service(endpoint.service)

    def _service(self, name: str) -> Service:
        if name not in self._services:
            service = SERVICES.get(name)()
            if isinstance(service, Elasticsearch):
                service.uploads = self._deployments
            self._services.setdefault(name, service)
        return self._services[name]

    def _stop(self, endpoint: Endpoint) -> None:
        if endpoint.service in SERVICES:
            self._service(endpoint.service).stop(endpoint)


def parse_timeout(timeout: str | None) -> Deadline:
    """The parameter `timeout` of a request that has just begun; 30s when it is not given.

    Raises:
        RestError: 400, it is no time of Elasticsearch's.
    """
    try:
        return Deadline.after(parse_duration(DEFAULT_TIMEOUT if timeout is None else timeout, "timeout"))
    except ValueError as error:
        raise RestError(400, "illegal_argument_exception", str(error)) from None
