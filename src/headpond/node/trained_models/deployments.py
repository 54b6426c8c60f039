"""Deploying uploaded models and asking them; also what the service `elasticsearch` asks of the node."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from headpond.errors import HeadpondError, InputError, MissingExtraError, RestError
from headpond.inference.deadline import Deadline
from headpond.inference.duration import parse_duration
from headpond.inference.invalid import status_exception
from headpond.inference.workers import QueueFullError, Workers
from headpond.node.identity import NODE_ID
from headpond.node.trained_models import ids, infer
from headpond.node.trained_models.deployment import Deployment
from headpond.node.trained_models.infer import Question
from headpond.node.trained_models.reading import valid_id
from headpond.node.trained_models.running import Running, RunningDeployments, no_deployment
from headpond.node.trained_models.start import Start
from headpond.node.trained_models.trained_model import TrainedModel
from headpond.node.trained_models.uploads import Uploads, not_found
from headpond.services._local.uploads import Allocations, UploadedModel

if TYPE_CHECKING:
    from headpond.models.uploaded import Uploaded

T = TypeVar("T")


class Deployments:
    """What is deployed of the uploaded models; its errors are Elasticsearch's.

    Args:
        uploads: the models.
        running: the deployments that are kept.
    """

    def __init__(self, uploads: Uploads, running: RunningDeployments) -> None:
        self._uploads = uploads
        self._running = running
        self._workers = Workers(threads=32)

    def start(self, model_id: str, start: Start, deadline: Deadline | None = None) -> dict[str, Any]:
        """Deploys a model and loads it.

        Args:
            model_id: the model.
            start: how it is to be deployed.
            deadline: instead of the request's own timeout.

        Raises:
            RestError: 404, there is no such model or its definition is missing; 400, it is not whole, or the id cannot
                be one; 409, it is deployed; 500, it cannot be loaded; 501, the extra `torch` is not installed; 408, it
                was not loaded in time, and goes on loading.
        """
        names = [model.model_id for model in self._uploads.all()]
        model = self._uploads.get(ids.chosen(model_id, names, allow_no_match=False)[0])
        self._uploads.check_defined(model.model_id)
        deployment = start.deployment(model.model_id, model.model_size_bytes, model.metadata or {})
        self._check_deployment_id(deployment)
        running = self._running.add(deployment)
        loaded = _in_thread(partial(self._load_first, running))
        if start.wait_for != "starting":
            until = deadline or Deadline.after(parse_duration(start.timeout, "timeout"))
            try:
                loaded.result(None if math.isinf(until.moment) else until.remaining)
            except TimeoutError:
                raise _late(str(until), deployment.deployment_id) from None
        return running.deployment.to_json(running.state)

    def stop(self, deployment_id: str, *, allow_no_match: bool = True) -> None:
        """Ends a deployment.

        Raises:
            RestError: 404, there is none and there must be one.
        """
        if not self._running.remove(deployment_id) and not allow_no_match:
            raise no_deployment(deployment_id)

    def running(self, deployment_id: str) -> Running:
        """A deployment.

        Raises:
            RestError: 404, there is none.
        """
        running = self._running.find(deployment_id)
        if running is None:
            raise no_deployment(deployment_id)
        return running

    def update(self, running: Running, deployment: Deployment) -> dict[str, Any]:
        """Gives a deployment other settings, which are shown."""
        self._running.change(running, deployment)
        return deployment.to_json(running.state)

    def infer(self, name: str, question: Question, timeout: str | None) -> dict[str, Any]:
        """Asks a model or one of its deployments.

        Args:
            name: a deployment's id, else a model's.
            question: what is asked.
            timeout: Elasticsearch time units, 10s by default; the call returns or raises by then.

        Raises:
            RestError: 404, there is no such model; 409, it is not deployed; 400, it cannot be asked this; 408, the time
                is over; 500, it fails.
        """
        asked = timeout or question.timeout or infer.DEFAULT_TIMEOUT
        deadline = _deadline(asked)
        running = self._resolved(name)
        model = self._uploads.get(running.deployment.model_id)
        question.check(model)
        texts = question.texts(model)
        work = partial(_answers, model, question, texts, deadline)
        try:
            values, truncated = self._workers.run(
                lambda: self.ask(running.deployment.deployment_id, len(texts), work), deadline
            )
        except TimeoutError:
            raise status_exception(408, f"timeout [{deadline}] waiting for inference result") from None
        except QueueFullError:
            raise _full(running.deployment.deployment_id) from None
        field = question.results_field or model.results_field or "predicted_value"
        return infer.shown(values, truncated, field)

    def close(self) -> None:
        """Lets threads end."""
        self._workers.close()

    # What the service `elasticsearch` asks (`services/_local/uploads.py`).

    def uploaded(self, model_id: str) -> UploadedModel | None:
        """A model, if it was uploaded."""
        model = self._uploads.find(model_id)
        if model is None:
            return None
        definition = self._uploads.fingerprint(model_id)
        return UploadedModel(model_id, model.task, model.task_type, definition and _weights(model, definition))

    def deployed(self, deployment_id: str) -> tuple[str, Allocations] | None:
        """The model that a deployment runs, and how much it may use, if the deployment is there."""
        running = self._running.find(deployment_id)
        if running is None:
            return None
        deployment = running.deployment
        adaptive = deployment.adaptive_allocations
        number = None if adaptive else deployment.number_of_allocations
        return deployment.model_id, Allocations(number, deployment.threads_per_allocation, adaptive)

    def deploy(self, model_id: str, deployment_id: str, allocations: Allocations, deadline: Deadline) -> None:
        """Starts a model under an id; when it cannot be started in time, it is not started."""
        start = Start(
            deployment_id=deployment_id,
            number_of_allocations=allocations.num_allocations,
            threads_per_allocation=allocations.num_threads,
            adaptive_allocations=allocations.adaptive_allocations,
        )
        start.check()
        try:
            self.start(model_id, start, deadline)
        except RestError as error:
            if error.status == 408:
                self._running.remove(deployment_id)
            raise

    def resize(self, deployment_id: str, allocations: Allocations) -> None:
        """Changes how much a deployment may use."""
        running = self._running.find(deployment_id)
        if running is not None:
            number = allocations.num_allocations or running.deployment.number_of_allocations
            adaptive = allocations.adaptive_allocations
            changed = replace(running.deployment, number_of_allocations=number, adaptive_allocations=adaptive)
            self._running.change(running, changed)

    def undeploy(self, deployment_id: str) -> None:
        """Stops a deployment, if it is there."""
        self._running.remove(deployment_id)

    def takes(self, inference_id: str) -> bool:
        """Whether an inference endpoint of this id would clash with a deployment."""
        return self._running.find(inference_id) is not None or bool(self._running.of_model(inference_id))

    def ask(self, deployment_id: str, texts: int, work: Callable[[Uploaded], T]) -> T:
        """What `work` makes of a deployment's model, which is loaded first if need be.

        Raises:
            RestError: the deployment is not there, cannot be loaded, or fails.
            TimeoutError: `work` raised it.
        """
        running = self._resolved(deployment_id)
        try:
            model = running.model(partial(self._load, running.deployment.model_id))
            started = time.monotonic()
            result = work(model)
        except TimeoutError:
            running.counts.failed(texts, timeout=True)
            raise
        except HeadpondError as error:
            running.counts.failed(texts)
            raise _as_rest(error) from error
        running.counts.answered(texts, (time.monotonic() - started) * 1000)
        return result

    def _resolved(self, name: str) -> Running:
        running = self._running.find(name)
        candidates = [running] if running else self._running.of_model(name)
        if not candidates:
            if self._uploads.find(name) is None:
                raise not_found(name)
            reason = (
                f"Model [{name}] must be deployed to use. Please deploy with the start trained model deployment API."
            )
            raise status_exception(409, reason)
        return next((one for one in candidates if one.state == "started"), candidates[0])

    def _check_deployment_id(self, deployment: Deployment) -> None:
        name = deployment.deployment_id
        if name == deployment.model_id:
            return
        if self._uploads.find(name) is not None:
            reason = f"Deployment id [{name}] is the same as an another model which is not the model being deployed."
            rule = "Deployment id can be the same as the model being deployed but cannot match a different model"
            raise status_exception(400, f"{reason} {rule}")
        if not valid_id(name):
            rule = "can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores"
            raise status_exception(400, f"Invalid deployment_id; '{name}' {rule}; must start and end with alphanumeric")

    def _load_first(self, running: Running) -> None:
        try:
            running.model(partial(self._load, running.deployment.model_id))
        except HeadpondError as error:
            self._running.remove(running.deployment.deployment_id)
            if isinstance(error, MissingExtraError):
                raise _as_rest(error) from error
            reason = error.reason if isinstance(error, RestError) else str(error)
            failed = f"the following nodes failed with errors [{{{NODE_ID}={reason}}}]"
            raise status_exception(500, f"Could not start trained model deployment, {failed}") from error
        running.state = "started"

    def _load(self, model_id: str) -> Uploaded:
        from headpond.models.uploaded import Uploaded

        model = self._uploads.get(model_id)
        definition = self._uploads.definition(model_id)
        return Uploaded.load(definition, model.tokenization, self._uploads.vocabulary(model_id), model.prefixes)


def _answers(
    model: TrainedModel, question: Question, texts: list[str], deadline: Deadline, loaded: Uploaded
) -> tuple[list[Any], list[bool]]:
    if model.task == "text_similarity":
        scores, cut = loaded.score(question.text or "", texts, deadline=deadline, truncate=question.truncate)
        return list(scores), cut
    if model.task == "text_embedding":
        dense = loaded.embed(texts, deadline=deadline, truncate=question.truncate)
        return list(dense.vectors), dense.truncated
    sparse = loaded.expand(texts, deadline=deadline, truncate=question.truncate)
    return list(sparse.terms), sparse.truncated


def _in_thread(work: Callable[[], None]) -> Future[None]:
    """Does the work in a thread of its own, which goes on when nobody waits any more."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
            future.set_result(None)
        except BaseException as error:  # whatever it is, it belongs to who waits
            future.set_exception(error)

    threading.Thread(target=run, name="headpond-deploy", daemon=True).start()
    return future


def _weights(model: TrainedModel, definition: str) -> str:
    """16 hex digits over everything that decides the model's output."""
    kept = model.to_stored()
    parts = [definition, *(kept[name] for name in ("task", "tokenization", "prefixes"))]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def _as_rest(error: HeadpondError) -> RestError:
    if isinstance(error, RestError):
        return error
    if isinstance(error, MissingExtraError):
        return RestError(501, "not_implemented_exception", str(error))
    return status_exception(400 if isinstance(error, InputError) else 500, str(error))


def _deadline(timeout: str) -> Deadline:
    try:
        return Deadline.after(parse_duration(timeout, "timeout"))
    except ValueError as error:
        raise RestError(400, "illegal_argument_exception", str(error)) from None


def _late(timeout: str, deployment_id: str) -> RestError:
    reason = (
        f"Timed out after [{timeout}] waiting for trained model deployment [{deployment_id}] to start. "
        "Use the trained model stats API to track the state of the deployment and try again once it has started."
    )
    return RestError(408, "model_deployment_timeout_exception", reason)


def _full(deployment_id: str) -> RestError:
    reason = f"[{deployment_id}] inference process queue is full. Unable to execute command"
    return RestError(429, "es_rejected_execution_exception", reason)
