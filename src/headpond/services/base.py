"""What a service is: it reads settings, and it answers requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from headpond.inference.chat import ChatRequest
from headpond.inference.chunking import parse_chunking
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.definition import not_updatable
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import not_implemented, status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import RESULT_NAMES, Result, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.settings import SERVICE_SETTINGS, TASK_SETTINGS, Settings, java_text, refuse_unknown
from headpond.inference.task_type import TaskType
from headpond.services._configuration import Setting


class Service(ABC):
    """One `service` of the inference API. A node makes one instance; it is called from many threads.

    Attributes:
        name: the `service` of endpoints, which is the module's name.
        display_name: the provider's name in texts.
        task_types: what it can do.
        missing_task_types: what it can do in Elasticsearch and not here.
        extra: the extra of headpond's package that it needs, as in `pip install 'headpond[local]'`.
        configuration: its service settings, for people.
        settings_order: in which order service settings are shown; others follow as they came.
        default_similarity: what dense vectors of this service are compared with, unless the user says.
    """

    name: ClassVar[str]
    display_name: ClassVar[str]
    task_types: ClassVar[tuple[TaskType, ...]]
    missing_task_types: ClassVar[tuple[TaskType, ...]] = ()
    extra: ClassVar[str | None] = None
    configuration: ClassVar[Mapping[str, Setting]] = {}
    settings_order: ClassVar[tuple[str, ...]] = ()
    default_similarity: ClassVar[str] = "cosine"

    def parse(self, inference_id: str, task_type: TaskType, config: Mapping[str, Any]) -> tuple[Endpoint, Secrets]:
        """Reads the body of a PUT.

        Args:
            inference_id: already checked.
            task_type: not `ANY`.
            config: the body without `service` and `task_type`.

        Raises:
            RestError: 400, with Elasticsearch's texts; all problems of the settings in one answer.
        """
        left = dict(config)
        if left.get(SERVICE_SETTINGS) is None:
            raise status_exception(400, f"Missing required field [{SERVICE_SETTINGS}]")
        problems: list[str] = []
        service = Settings(_object(left, SERVICE_SETTINGS), SERVICE_SETTINGS, problems)
        task = Settings(_object(left, TASK_SETTINGS), TASK_SETTINGS, problems)
        chunking = parse_chunking(_object(left, "chunking_settings")) if task_type.embeds else None
        self.check_task_type(task_type)
        secrets = self.secrets(service)
        shown, hidden = self.service_settings(task_type, service)
        task_settings = self.task_settings(task_type, task)
        service.raise_problems()
        for unread in (left, service.left(), task.left()):
            refuse_unknown(unread, self.name)
        endpoint = Endpoint(
            inference_id=inference_id,
            task_type=task_type,
            service=self.name,
            service_settings=_without_none(shown),
            task_settings=_without_none(task_settings),
            chunking_settings=chunking.to_json() if chunking else None,
            hidden=hidden,
        )
        return self.ordered(endpoint), secrets

    def check_task_type(self, task_type: TaskType) -> None:
        """Refuses what the service cannot do.

        Raises:
            RestError: 400, or 501 where Elasticsearch can; names the service and the task type.
        """
        if task_type in self.missing_task_types:
            raise not_implemented(f"the task type [{task_type}] of the service [{self.name}]")
        if task_type not in self.task_types:
            raise status_exception(400, f"The [{self.name}] service does not support task type [{task_type}]")

    def secrets(self, settings: Settings, *, required: bool = True) -> Secrets:
        """Takes the secrets out of the service settings; none by default.

        Args:
            settings: the service settings of a PUT or an `_update`.
            required: False for an `_update`, which may give some of them.
        """
        return Secrets()

    @abstractmethod
    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Reads the service settings.

        Returns:
            What is shown and what is only remembered; members that are None are left out.
        """

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Reads task settings, of an endpoint or of one request; none by default."""
        return {}

    def update(
        self, endpoint: Endpoint, secrets: Secrets, service: Mapping[str, Any], task: Mapping[str, Any]
    ) -> tuple[Endpoint, Secrets]:
        """Reads the body of an `_update`: what is given replaces what was there, member by member.

        Args:
            endpoint: as it is now.
            secrets: as they are now.
            service: the new service settings.
            task: the new task settings.

        Raises:
            RestError: 400, a value is wrong, or a setting cannot be updated.
        """
        problems: list[str] = []
        new_service, new_task = Settings(service, SERVICE_SETTINGS, problems), Settings(task, TASK_SETTINGS, problems)
        changed, newer = self.update_settings(endpoint, new_service)
        given = _without_none(self.task_settings(endpoint.task_type, new_task))
        new_service.raise_problems()
        if left := {**new_service.left(), **new_task.left()}:
            raise not_updatable(left)
        updated = replace(endpoint.with_settings(**changed), task_settings={**endpoint.task_settings, **given})
        return self.ordered(updated), secrets.merged(newer)

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """Reads the service settings that may change later; none by default.

        Returns:
            New values (None takes one out) and new secrets.
        """
        return {}, Secrets()

    def punctual(self) -> bool:
        """Whether `infer` returns or raises by its deadline, whatever happens.

        If not, it runs in a thread of its own, for which nobody waits any longer than that.
        """
        return False

    def effective(self, endpoint: Endpoint, request: InferenceRequest) -> dict[str, Any]:
        """The endpoint's task settings with those of the request on top.

        Raises:
            RestError: 400, a setting of the request is wrong; unknown ones are passed over, as in Elasticsearch.
        """
        if not request.task_settings:
            return dict(endpoint.task_settings)
        settings = Settings(request.task_settings, TASK_SETTINGS)
        given = _without_none(self.task_settings(endpoint.task_type, settings))
        settings.raise_problems()
        return {**endpoint.task_settings, **given}

    def started(self, endpoint: Endpoint) -> bool:
        """Whether `start` is behind the endpoint."""
        return True

    def start(self, endpoint: Endpoint, deadline: Deadline) -> Endpoint:
        """Makes an endpoint ready, before its first call; returns it with what is known by then.

        Raises:
            RestError: it cannot be made ready, or not in time.
        """
        return endpoint

    def stop(self, endpoint: Endpoint) -> None:
        """Takes back what `start` began, when the endpoint is deleted or was not made after all; nothing by default."""
        return

    @abstractmethod
    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Answers one request. An endpoint of the task type `chat_completion` is only asked here when it is made.

        Args:
            endpoint: one of this service.
            secrets: its secrets.
            request: checked.
            deadline: when nobody waits for the answer any more; network calls end by then.

        Raises:
            RestError: with Elasticsearch's texts.
        """

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """Answers a completion piece by piece, as `Deltas`.

        Args:
            endpoint: of the task type `completion`.
            secrets: its secrets.
            request: checked.
            deadline: until the first piece.

        Raises:
            RestError: 405 from services that cannot.
        """
        raise status_exception(405, f"Streaming is not allowed for service [{self.name}].")

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """Answers a conversation piece by piece, as `ChatChunk`s.

        Args:
            endpoint: of the task type `chat_completion`.
            secrets: its secrets.
            request: checked.
            deadline: until the first piece.

        Raises:
            RestError: with Elasticsearch's texts.
        """
        raise status_exception(405, f"Streaming is not allowed for service [{self.name}].")

    def learned(self, endpoint: Endpoint, result: Result) -> Endpoint:
        """The endpoint with what its first answer shows: dimensions and similarity of dense vectors.

        Raises:
            RestError: 400, the answer is not what the settings promise.
        """
        if endpoint.task_type is not TaskType.TEXT_EMBEDDING:
            return endpoint
        if not isinstance(result, TextEmbedding):
            wanted, got = RESULT_NAMES[TextEmbedding], RESULT_NAMES[type(result)]
            reason = "Validation call did not return expected results type."
            raise status_exception(400, f"{reason}Expected a result of type [{wanted}] got [{got}]")
        stated = endpoint.service_settings.get("dimensions")
        if stated is not None and stated != result.dimensions:
            raise status_exception(
                400,
                f"The retrieved embeddings size [{result.dimensions}] does not match the size specified in the settings"
                f" [{stated}]. Please recreate the [{endpoint.inference_id}] configuration with the correct dimensions",
            )
        similarity = endpoint.service_settings.get("similarity", self.default_similarity)
        return self.ordered(endpoint.with_settings(similarity=similarity, dimensions=result.dimensions))

    def describe(self, endpoint: Endpoint) -> dict[str, Any]:
        """What GET shows of an endpoint."""
        return endpoint.to_json()

    @classmethod
    def described(cls) -> dict[str, Any]:
        """What `GET _inference/_services` shows of the service."""
        return {
            "service": cls.name,
            "name": cls.display_name,
            "task_types": [str(task) for task in cls.task_types],
            "configurations": {
                name: setting.to_json(cls.task_types) for name, setting in sorted(cls.configuration.items())
            },
        }

    @classmethod
    def builtin(cls) -> list[Endpoint]:
        """Endpoints that exist without a PUT."""
        return []

    def close(self) -> None:
        """Gives back what the service holds; nothing by default."""
        return

    def ordered(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its service settings in the order they are shown."""
        settings = endpoint.service_settings
        names = [name for name in self.settings_order if name in settings]
        names += [name for name in settings if name not in self.settings_order]
        return endpoint.with_order(names)


def _object(config: dict[str, Any], name: str) -> dict[str, Any]:
    value = config.pop(name, None)
    if value is None:
        return {}
    if not isinstance(value, dict):
        shown = f"The value [{java_text(value)}] cannot be converted to a [Map]"
        raise status_exception(400, f"field [{name}] is not of the expected type. {shown}")
    return value


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
