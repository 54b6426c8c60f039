"""Models that run here, as Elasticsearch runs them in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from headpond.errors import ModelError, RestError
from headpond.inference.chunking import Sentences
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import not_implemented, status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Result
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._local.uploads import (
    UploadedModel,
    UploadedModels,
    allocations_of,
    attached,
    check_task,
    remembered,
)
from headpond.services.base import Service

if TYPE_CHECKING:
    from headpond.models.best import Choice
    from headpond.services._local.serving import Models

DEFAULT_ALLOCATIONS = {"enabled": True, "min_number_of_allocations": 0, "max_number_of_allocations": 32}

BUILTIN = {
    ".elser-2-elasticsearch": (TaskType.SPARSE_EMBEDDING, ".elser_model_2"),
    ".multilingual-e5-small-elasticsearch": (TaskType.TEXT_EMBEDDING, ".multilingual-e5-small"),
    ".rerank-v1-elasticsearch": (TaskType.RERANK, ".rerank-v1"),
}


class Elasticsearch(Service):
    """Service `elasticsearch`: local models, by the name they have in the model store or by Elastic's own ids.

    Elastic's weights (`.elser_model_2`, `.multilingual-e5-small`, `.rerank-v1`) are not free to be shipped, so another
    model may stand in. It is never passed off as the one asked for: the endpoint's `model_id` is then the model that
    serves, and a member `headpond`, which Elasticsearch does not have, says it all::

        "service_settings": {"num_threads": 1, "model_id": "splade-tiny", ...},
        "headpond": {"serves": "splade-tiny", "stands_in_for": ".elser_model_2",
                     "method": "expansion", "weights": "9f3a..."}

    `method` is `embedding`, `expansion`, `cross_encoder` or `late_interaction` (a rerank by the token vectors of a
    dense model). `weights` changes when the model's files or its way of using them do. A model that is not on this
    machine is fetched, within the timeout, when an endpoint is made or a built-in one is first used; from then on that
    model serves the endpoint, even when a better one comes to be there.

    A model that was uploaded with the `_ml` API, by Eland for example, is named by its id, and wins over a model of the
    store of the same name. Its deployment has the endpoint's id, starts with the endpoint and stops when it is deleted;
    `deployment_id` names one that runs already instead, which is then left alone.

    Service settings: `model_id`, `num_threads`, and `num_allocations` or `adaptive_allocations` (checked and shown; how
    many threads really run is up to `HEADPOND_THREADS`); dense models also `similarity` (`cosine`). Task settings of
    rerank: `return_documents` (true).
    """

    name = "elasticsearch"
    display_name = "Elasticsearch"
    extra = "local"
    task_types: ClassVar[tuple[TaskType, ...]] = (TaskType.TEXT_EMBEDDING, TaskType.SPARSE_EMBEDDING, TaskType.RERANK)
    settings_order = (
        "num_allocations",
        "num_threads",
        "model_id",
        "adaptive_allocations",
        "deployment_id",
        "similarity",
        "dimensions",
        "element_type",
    )

    default_model: str | None = None

    uploads: UploadedModels | None = None
    """The models that were uploaded to the node; the node sets it, a service by itself has none."""

    def __init__(self) -> None:
        self._models: Models | None = None

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The model and its allocations."""
        deployment_id = settings.text("deployment_id")
        model_id = settings.text("model_id") or (None if deployment_id else self.default_model)
        shown = _allocations(settings, required=deployment_id is None)
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["similarity"] = settings.choice("similarity", ("cosine", "dot_product", "l2_norm"))
            if settings.choice("element_type", ("byte", "float")) == "byte":
                raise not_implemented("the [element_type] [byte] of local models")
        if task_type is TaskType.RERANK and settings.choice("long_document_strategy", ("chunk", "truncate")) == "chunk":
            raise not_implemented("the [long_document_strategy] [chunk]")
        settings.raise_problems()
        if deployment_id is not None:
            return {**shown, **attached(self.uploads, deployment_id, model_id, task_type)}, {"attached": True}
        if model_id is None:
            reason = "Error parsing service settings, model_id must be provided"
            raise RestError(400, "illegal_argument_exception", reason)
        uploaded = self._uploaded(model_id)
        if uploaded is not None:
            check_task(uploaded, task_type)
        else:
            self._choice(model_id, task_type)
        return {**shown, "model_id": model_id}, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Rerank: `return_documents`."""
        if task_type is not TaskType.RERANK:
            return {}
        return {"return_documents": settings.flag("return_documents")}

    def parse(self, inference_id: str, task_type: TaskType, config: Mapping[str, Any]) -> tuple[Endpoint, Secrets]:
        """Rerank shows its default."""
        endpoint, secrets = super().parse(inference_id, task_type, config)
        if task_type is TaskType.RERANK:
            endpoint = replace(endpoint, task_settings={"return_documents": True, **endpoint.task_settings})
        return endpoint, secrets

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """Allocations of one kind, which replace those of the other."""
        allocations = settings.positive("num_allocations")
        adaptive = settings.mapping("adaptive_allocations")
        if allocations is None and adaptive is None:
            return {}, Secrets()
        if "deployment_id" in endpoint.service_settings:
            reason = (
                f"Cannot update inference endpoint [{endpoint.inference_id}] using model deployment"
                f" [{endpoint.service_settings['deployment_id']}]. The model deployment must be updated through the"
                " trained models API."
            )
            raise status_exception(400, reason)
        shown = None if adaptive is None else _adaptive(adaptive, settings)
        changed = {"num_allocations": allocations, "adaptive_allocations": shown}
        if "deployment" in endpoint.hidden and self.uploads is not None and not settings.problems:
            now = endpoint.with_settings(**changed).service_settings
            self.uploads.resize(endpoint.hidden["deployment"], allocations_of(now))
        return changed, Secrets()

    def started(self, endpoint: Endpoint) -> bool:
        """Whether the endpoint's model is settled."""
        return "serves" in endpoint.hidden

    def start(self, endpoint: Endpoint, deadline: Deadline) -> Endpoint:
        """Settles which model serves, fetches and loads it; an uploaded one is deployed."""
        uploaded = self._uploaded(endpoint.service_settings["model_id"])
        if uploaded is not None and self.uploads is not None:
            name = endpoint.service_settings.get("deployment_id")
            if name is None:
                name = endpoint.inference_id
                allocations = allocations_of(endpoint.service_settings)
                self.uploads.deploy(uploaded.model_id, name, allocations, deadline)
                uploaded = self._uploaded(uploaded.model_id) or uploaded
            changed = endpoint
            if endpoint.task_type is TaskType.TEXT_EMBEDDING:
                changed = endpoint.with_settings(element_type="float")
            return self.ordered(replace(changed, hidden={**changed.hidden, **remembered(uploaded, name)}))
        choice = self._choice(endpoint.service_settings["model_id"], endpoint.task_type)
        settled = self._settled(endpoint, choice)
        self._loaded().get(settled.hidden, deadline)
        return settled

    def stop(self, endpoint: Endpoint) -> None:
        """Stops the deployment that the endpoint started."""
        if self.uploads is not None and "deployment" in endpoint.hidden and "attached" not in endpoint.hidden:
            self.uploads.undeploy(endpoint.hidden["deployment"])

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """All inputs through the model: packed into batches by length, or one by one when it was uploaded."""
        from headpond.services._local import serving, uploads

        wanted = request.return_documents
        with_text = self.effective(endpoint, request).get("return_documents", True) if wanted is None else wanted
        if "deployment" in endpoint.hidden and self.uploads is not None:
            return uploads.infer(self.uploads, endpoint, request, with_text=with_text, deadline=deadline)
        model: Any = self._loaded().get(endpoint.hidden, deadline)
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return serving.embed(model, request, deadline)
        if endpoint.task_type is TaskType.SPARSE_EMBEDDING:
            return serving.expand(model, request, deadline)
        return serving.score(model, request, deadline, top_n=request.top_n, with_text=with_text)

    def describe(self, endpoint: Endpoint) -> dict[str, Any]:
        """The endpoint and, under `headpond`, what serves it; for one not used yet, what would serve it now."""
        if not self.started(endpoint):
            try:
                choice = self._choice(endpoint.service_settings["model_id"], endpoint.task_type)
            except ModelError as error:  # the list of endpoints must not fail with the model store
                return {**endpoint.to_json(), "headpond": {"problem": str(error)}}
            endpoint = self._settled(endpoint, choice)
        return {**endpoint.to_json(), "headpond": dict(endpoint.hidden)}

    @classmethod
    def builtin(cls) -> list[Endpoint]:
        """The three endpoints that Elasticsearch has from the start."""
        return [
            Endpoint(
                inference_id=inference_id,
                task_type=task_type,
                service=cls.name,
                service_settings={
                    "num_threads": 1,
                    "model_id": model_id,
                    "adaptive_allocations": DEFAULT_ALLOCATIONS,
                },
                task_settings={"return_documents": True} if task_type is TaskType.RERANK else {},
                chunking_settings=Sentences().to_json() if task_type.embeds else None,
            )
            for inference_id, (task_type, model_id) in BUILTIN.items()
        ]

    def _settled(self, endpoint: Endpoint, choice: Choice) -> Endpoint:
        from headpond.services._local.choosing import remembered, shown_model_id

        settings: dict[str, Any] = {"model_id": shown_model_id(endpoint.service_settings["model_id"], choice)}
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            settings["similarity"] = endpoint.service_settings.get("similarity", choice.card.similarity)
            settings["dimensions"] = choice.card.dims
            settings["element_type"] = "float"
        changed = endpoint.with_settings(**settings)
        return self.ordered(replace(changed, hidden=remembered(choice)))

    def _uploaded(self, model_id: str) -> UploadedModel | None:
        return self.uploads.uploaded(model_id) if self.uploads is not None else None

    @staticmethod
    def _choice(model_id: str, task_type: TaskType) -> Choice:
        from headpond.services._local.choosing import choose

        return choose(model_id, task_type)

    def _loaded(self) -> Models:
        if self._models is None:
            from headpond.services._local.serving import Models

            self._models = Models()
        return self._models


def _allocations(settings: Settings, *, required: bool) -> dict[str, Any]:
    allocations = settings.positive("num_allocations")
    adaptive = settings.mapping("adaptive_allocations")
    if required and allocations is None and adaptive is None and not settings.problems:
        settings.wrong("does not contain one of the required settings [num_allocations, adaptive_allocations]")
    threads = settings.positive("num_threads", required=required)
    if threads is not None and (threads > 32 or threads & (threads - 1)):
        settings.problems.append("[threads_per_allocation] must be a power of 2 less than or equal to 32")
    return {
        "num_allocations": allocations,
        "num_threads": threads,
        "adaptive_allocations": None if adaptive is None else _adaptive(adaptive, settings),
    }


def _adaptive(values: Mapping[str, Any], outer: Settings) -> dict[str, Any]:
    settings = Settings(values, "adaptive_allocations", outer.problems)
    enabled = settings.flag("enabled") or False
    low, high = settings.integer("min_number_of_allocations"), settings.integer("max_number_of_allocations")
    if low is not None and low < -1:
        outer.problems.append("[min_number_of_allocations] must be a non-negative integer or null")
    if high is not None and high < 1 and high != -1:
        outer.problems.append("[max_number_of_allocations] must be a positive integer or null")
    elif low is not None and high is not None and -1 not in (low, high) and low > high:
        text = "must not be larger than [max_number_of_allocations]"
        outer.problems.append(f"[min_number_of_allocations] {text}")
    for name in settings.left():
        settings.wrong(f"does not allow the setting [{name}]")
    shown = {"enabled": enabled, "min_number_of_allocations": low, "max_number_of_allocations": high}
    return {name: value for name, value in shown.items() if value is not None}
