"""Models that were uploaded to the node with the `_ml` API, as the service `elasticsearch` sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Rerank, SparseEmbedding, TextEmbedding, Usage, rank
from headpond.inference.task_type import TaskType

if TYPE_CHECKING:
    from headpond.models.best import Method
    from headpond.models.uploaded import Uploaded

T = TypeVar("T")

METHODS: Mapping[TaskType, Method] = {
    TaskType.TEXT_EMBEDDING: "embedding",
    TaskType.SPARSE_EMBEDDING: "expansion",
    TaskType.RERANK: "cross_encoder",
}


@dataclass(frozen=True, slots=True)
class UploadedModel:
    """An uploaded model.

    Attributes:
        model_id: its id.
        task: the key of its `inference_config`, such as `text_expansion`.
        task_type: what that is in the inference API.
        weights: 16 hex digits that change with the model; None while its definition is not whole.
    """

    model_id: str
    task: str
    task_type: TaskType
    weights: str | None


@dataclass(frozen=True, slots=True)
class Allocations:
    """How much a deployment may use; kept and shown."""

    num_allocations: int | None
    num_threads: int
    adaptive_allocations: Mapping[str, Any] | None = None


class UploadedModels(Protocol):
    """What the node offers; its errors are Elasticsearch's."""

    def uploaded(self, model_id: str) -> UploadedModel | None:
        """A model, if it was uploaded."""

    def deployed(self, deployment_id: str) -> tuple[str, Allocations] | None:
        """The model that a deployment runs, and how much it may use, if the deployment is there."""

    def deploy(self, model_id: str, deployment_id: str, allocations: Allocations, deadline: Deadline) -> None:
        """Starts a model under an id."""

    def resize(self, deployment_id: str, allocations: Allocations) -> None:
        """Changes how much a deployment may use."""

    def undeploy(self, deployment_id: str) -> None:
        """Stops a deployment, if it is there."""

    def ask(self, deployment_id: str, texts: int, work: Callable[[Uploaded], T]) -> T:
        """What `work` makes of the deployment's model; `texts` are counted in its statistics."""


def check_task(model: UploadedModel, wanted: TaskType) -> None:
    """Refuses a model that does something else.

    Raises:
        RestError: 400.
    """
    if model.task_type is not wanted:
        reason = f"Deployed model [{model.model_id}] with type [{model.task}] does not match the requested task type"
        raise status_exception(400, f"{reason} [{wanted}]")


def attached(
    uploads: UploadedModels | None, deployment_id: str, model_id: str | None, task_type: TaskType
) -> dict[str, Any]:
    """The service settings of an endpoint on a deployment that runs already: they are the deployment's.

    Raises:
        RestError: 404, there is no such deployment; 400, it runs another model, or one that does something else.
    """
    found = uploads.deployed(deployment_id) if uploads is not None else None
    if uploads is None or found is None:
        raise status_exception(404, f"Cannot find deployment [{deployment_id}]")
    runs, allocations = found
    if model_id is not None and model_id != runs:
        reason = f"Deployment [{deployment_id}] uses model [{runs}] which does not match the model [{model_id}]"
        raise status_exception(400, f"{reason} in the request.")
    model = uploads.uploaded(runs)
    assert model is not None, "a deployed model cannot be deleted"
    check_task(model, task_type)
    return {
        "num_allocations": allocations.num_allocations,
        "num_threads": allocations.num_threads,
        "model_id": runs,
        "adaptive_allocations": allocations.adaptive_allocations,
        "deployment_id": deployment_id,
    }


def remembered(model: UploadedModel, deployment_id: str) -> dict[str, Any]:
    """What an endpoint keeps of the uploaded model that serves it."""
    kept = {"serves": model.model_id, "method": METHODS[model.task_type], "deployment": deployment_id}
    return {**kept, "weights": model.weights}


def allocations_of(settings: Mapping[str, Any]) -> Allocations:
    """The allocations in an endpoint's service settings."""
    return Allocations(settings.get("num_allocations"), settings["num_threads"], settings.get("adaptive_allocations"))


def infer(
    uploads: UploadedModels, endpoint: Endpoint, request: InferenceRequest, *, with_text: bool, deadline: Deadline
) -> TextEmbedding | SparseEmbedding | Rerank:
    """Answers one request with an uploaded model.

    Args:
        uploads: the node's.
        endpoint: one that an uploaded model serves.
        request: checked; its input type chooses the prefix.
        with_text: of a rerank, whether the answer carries the documents.
        deadline: looked at between two texts.

    Raises:
        RestError: the model is not deployed, cannot be loaded, or fails.
        TimeoutError: the deadline passed.
    """
    from headpond.services._local.serving import as_sparse, use_of

    name, count, use = endpoint.hidden["deployment"], len(request.input), use_of(request.input_type)
    if endpoint.task_type is TaskType.TEXT_EMBEDDING:
        dense = uploads.ask(name, count, lambda model: model.embed(request.input, use, deadline=deadline))
        return TextEmbedding(dense.vectors, Usage(count, sum(dense.tokens)))
    if endpoint.task_type is TaskType.SPARSE_EMBEDDING:
        return as_sparse(uploads.ask(name, count, lambda model: model.expand(request.input, use, deadline=deadline)))
    query = request.require_query()
    scores, _ = uploads.ask(name, count, lambda model: model.score(query, request.input, deadline=deadline))
    return rank(scores, request.input, top_n=request.top_n, with_text=with_text, usage=Usage(count))
