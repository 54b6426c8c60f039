"""Endpoints by hand, on any target: listed, made, changed, asked, removed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import InputError, TargetError, nearest
from headpond.pipeline import endpoints, yaml_file
from headpond.pipeline.api_error import describe
from headpond.pipeline.completion import complete, patience
from headpond.pipeline.environment import Resolved, resolve

BODY = "an endpoint is described by an object with keys such as `service` and `service_settings`"
COMPLETIONS = ("completion", "chat_completion")


def read_body(file: Path | None) -> Resolved:
    """The body of a PUT or an `_update`, JSON or YAML, with its `${ENV}` references replaced.

    Args:
        file: None reads stdin.

    Raises:
        PipelineError: it cannot be read, is no object, or an environment variable is not set; says the line.
    """
    if file is None:
        value, where = yaml_file.parse(sys.stdin.read(), "stdin", BODY)
    else:
        value, where = yaml_file.read(file, BODY)
    return resolve(value, where)


def listing(client: Elasticsearch, task_type: str | None = None) -> list[dict[str, Any]]:
    """All endpoints as GET shows them, by id.

    Raises:
        TargetError: the target does not say.
    """
    try:
        answer = client.inference.get(task_type=task_type, inference_id="_all" if task_type else None)
    except (ApiError, TransportError) as error:
        _refused("the target does not list its endpoints", error)
    return sorted(answer["endpoints"], key=lambda shown: str(shown["inference_id"]))


def find(client: Elasticsearch, inference_id: str) -> dict[str, Any]:
    """One endpoint as GET shows it.

    Raises:
        TargetError: there is none; names the nearest.
    """
    found = endpoints.get(client, inference_id)
    if found is not None:
        return dict(found.shown)
    known = [shown["inference_id"] for shown in listing(client)]
    near = nearest(inference_id, known)
    meant = f", did you mean [{near}]?" if near else ""
    raise TargetError(f"the target has no endpoint [{inference_id}]{meant}", hint=f"there are: {', '.join(known)}")


def described(shown: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Id, task type, service, model and dimensions of an endpoint; empty where it has none."""
    settings = shown.get("service_settings") or {}
    names = ("model_id", "model", "deployment_id", "endpoint_name", "service_id")
    model = next((str(settings[name]) for name in names if settings.get(name)), "")
    dims = str(settings.get("dimensions") or "")
    return str(shown["inference_id"]), str(shown["task_type"]), str(shown["service"]), model, dims


def put(
    client: Elasticsearch, inference_id: str, task_type: str | None, body: Resolved, *, timeout: str
) -> dict[str, Any]:
    """Makes an endpoint.

    Args:
        client: of any target.
        inference_id: its name.
        task_type: None takes the one in the body.
        body: as of `PUT _inference`.
        timeout: for its first call.

    Raises:
        TargetError: the target refuses it; no secret is shown.
        InputError: no task type is given, or the timeout is no time.
    """
    config = dict(body.value)
    kind = task_type or config.pop("task_type", None)
    if not isinstance(kind, str):
        raise InputError("what is the endpoint to do?", hint="give --task-type, or task_type in the body")
    patient = client.options(request_timeout=patience(timeout), max_retries=0)
    try:
        answer = patient.inference.put(
            inference_id=inference_id, task_type=kind, inference_config=config, timeout=timeout
        )
    except (ApiError, TransportError) as error:
        _refused(f"endpoint [{inference_id}] was not made", error, body)
    return dict(answer.body)


def update(client: Elasticsearch, inference_id: str, body: Resolved, *, timeout: str) -> dict[str, Any]:
    """Changes an endpoint.

    Args:
        client: of any target.
        inference_id: its name.
        body: as of `PUT _inference/.../_update`.
        timeout: for the call that checks the change.

    Raises:
        TargetError: the target refuses it; no secret is shown.
        InputError: the timeout is no time.
    """
    patient = client.options(request_timeout=patience(timeout), max_retries=0)
    try:
        answer = patient.inference.update(inference_id=inference_id, inference_config=body.value)
    except (ApiError, TransportError) as error:
        _refused(f"endpoint [{inference_id}] was not changed", error, body)
    return dict(answer.body)


def delete(client: Elasticsearch, inference_id: str, *, force: bool) -> bool:
    """Removes an endpoint; returns whether it is gone: what is built into a target comes back.

    Args:
        client: of any target.
        inference_id: its name.
        force: also when something refers to it.

    Raises:
        TargetError: there is none, or it is in use.
    """
    find(client, inference_id)
    try:
        client.inference.delete(inference_id=inference_id, force=force)
    except (ApiError, TransportError) as error:
        _refused(f"endpoint [{inference_id}] is still there", error)
    return endpoints.get(client, inference_id) is None


def ask(
    client: Elasticsearch,
    endpoint: Mapping[str, Any],
    texts: Sequence[str],
    query: str | None = None,
    *,
    input_type: str | None = None,
    timeout: str = "60s",
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Asks an endpoint.

    Args:
        client: of any target.
        endpoint: as GET shows it.
        texts: texts to embed, documents to rank, or one question.
        query: what documents are ranked by.
        input_type: what texts are embedded for.
        timeout: of the request.
        tell: takes the words of a completion while they come.

    Returns:
        The answer of `_inference`; of a chat too, a completion.

    Raises:
        TargetError: the target refuses.
        InputError: a ranking without a query, several questions at once, or the timeout is no time.
    """
    name, kind = str(endpoint["inference_id"]), str(endpoint["task_type"])
    if kind == "rerank" and query is None:
        raise InputError(f"[{name}] ranks documents by a query", hint="give one: --query Q")
    if kind in COMPLETIONS and len(texts) > 1:
        raise InputError(f"[{name}] takes one question at a time", hint="quote it: 'what is a mill'")
    try:
        if kind in COMPLETIONS:
            said = complete(client, name, kind, texts[0], tell or (lambda words: None), timeout=timeout)
            return {"completion": [{"result": said}]}
        patient = client.options(request_timeout=patience(timeout), max_retries=0)
        answer = patient.inference.inference(
            inference_id=name, task_type=kind, input=list(texts), query=query, input_type=input_type, timeout=timeout
        )
    except (ApiError, TransportError) as error:
        _refused(f"[{name}] does not answer", error, hint=f"headpond doctor {name} says what to do")
    return dict(answer.body)


def _refused(what: str, error: Exception, body: Resolved | None = None, hint: str | None = None) -> NoReturn:
    reason = describe(error)
    raise TargetError(f"{what}: {body.redact(reason) if body else reason}", hint=hint) from None
