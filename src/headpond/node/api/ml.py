"""`ml`: trained models that clients upload, as Eland does it. Jobs, datafeeds, analytics and the rest are not there."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader, token
from headpond.inference.invalid import not_implemented, status_exception, validation_failed
from headpond.inference.json_position import Path
from headpond.models.vocabulary import Vocabulary
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.identity import VERSION
from headpond.node.router import route
from headpond.node.times import check_times
from headpond.node.trained_models.infer import Question
from headpond.node.trained_models.start import START_PARAMS, Start, read_update
from headpond.node.trained_models.uploads import Part

if TYPE_CHECKING:
    from headpond.node.node import Node

MODELS = "/_ml/trained_models"
MODEL = f"{MODELS}/{{model_id}}"
PAGE = ("allow_no_match", "from", "size")
LARGEST_PARTS = 10_000
ACKNOWLEDGED = {"acknowledged": True}

_READ, _CHANGE = "cluster:monitor/xpack/ml", "cluster:admin/xpack/ml"


@route(
    "GET",
    MODEL,
    params=(*PAGE, "decompress_definition", "exclude_generated", "include", "include_model_definition", "tags"),
    body=False,
    action=f"{_READ}/inference/get",
)
@route(
    "GET",
    MODELS,
    params=(*PAGE, "decompress_definition", "exclude_generated", "include", "include_model_definition", "tags"),
    body=False,
    action=f"{_READ}/inference/get",
)
def get_models(node: Node, call: Call) -> dict[str, Any]:
    """Configurations of models."""
    include = call.names("include") or []
    if "definition" in include or call.flag("include_model_definition"):
        raise not_implemented("the definition of a model in an answer ([include] [definition])")
    start, size = _page(call)
    return node.trained_models.get(
        call.parts.get("model_id"),
        allow_no_match=call.flag("allow_no_match", True),
        tags=tuple(call.names("tags") or ()),
        status="definition_status" in include,
        generated=not call.flag("exclude_generated"),
        start=start,
        size=size,
    )


@route("GET", f"{MODEL}/_stats", params=PAGE, body=False, action=f"{_READ}/inference/stats/get")
@route("GET", f"{MODELS}/_stats", params=PAGE, body=False, action=f"{_READ}/inference/stats/get")
def get_stats(node: Node, call: Call) -> dict[str, Any]:
    """Statistics of models and their deployments."""
    start, size = _page(call)
    return node.trained_models.stats(
        call.parts.get("model_id"), allow_no_match=call.flag("allow_no_match", True), start=start, size=size
    )


@route(
    "PUT", MODEL, params=("defer_definition_decompression", "wait_for_completion"), action=f"{_CHANGE}/inference/put"
)
def put_model(node: Node, call: Call) -> dict[str, Any]:
    """Makes a model; its definition and vocabulary follow."""
    return node.trained_models.put(call.part("model_id"), call.required_body, call.request.body)


@route("DELETE", MODEL, params=("force", "timeout"), body=False, action=f"{_CHANGE}/inference/delete")
def delete_model(node: Node, call: Call) -> dict[str, Any]:
    """Deletes a model."""
    check_times(call, "timeout")
    node.trained_models.delete(call.part("model_id"), force=call.flag("force"))
    return ACKNOWLEDGED


@route("PUT", f"{MODEL}/definition/{{part}}", action=f"{_CHANGE}/trained_models/part/put")
def put_definition_part(node: Node, call: Call) -> dict[str, Any]:
    """Keeps one part of a definition."""
    try:
        number = int(call.part("part"))
    except ValueError:
        cause = RestError(400, "number_format_exception", f'For input string: "{call.part("part")}"')
        reason = f"Failed to parse int parameter [part] with value [{call.part('part')}]"
        raise illegal_argument(reason, cause) from None
    body = Body(call.required_body, call.request.body)
    parser = "put_trained_model_part_action"
    members = Members(body, parser)
    readers: dict[str, Reader] = {
        "definition": lambda path, value: _base64(body, parser, path, value),
        "total_definition_length": members.integer,
        "total_parts": members.integer,
    }
    given = body.object(parser, (), body.value, readers)
    if "definition" not in given:
        raise illegal_argument("[definition] must not be null.")
    length, parts = given.get("total_definition_length", 0), given.get("total_parts", 0)
    problems = {
        "[part] must be greater or equal to 0": number < 0,
        "[total_parts] must be greater than 0": parts <= 0,
        f"[total_parts] must be less than or equal to {LARGEST_PARTS}": parts > LARGEST_PARTS,
        "[total_definition_length] must be greater than 0": length <= 0,
        "[part] must be less than total_parts": number >= parts,
    }
    if found := [text for text, wrong in problems.items() if wrong]:
        raise validation_failed(found)
    content: bytes = given["definition"]
    part = Part(number, len(content), length, last=number == parts - 1)
    node.trained_models.put_part(call.part("model_id"), part, content)
    return ACKNOWLEDGED


@route("PUT", f"{MODEL}/vocabulary", action=f"{_CHANGE}/trained_models/vocabulary/put")
def put_vocabulary(node: Node, call: Call) -> dict[str, Any]:
    """Keeps a model's vocabulary."""
    body = Body(call.required_body, call.request.body)
    parser = "put_trained_model_vocabulary"
    members = Members(body, parser)
    readers: dict[str, Reader] = {
        "vocabulary": lambda path, value: _texts(body, parser, path, value),
        "merges": lambda path, value: _texts(body, parser, path, value),
        "scores": lambda path, value: _numbers(body, members, parser, path, value),
    }
    given = body.object(parser, (), body.value, readers)
    if "vocabulary" not in given:
        raise illegal_argument("[vocabulary] must not be null.")
    tokens, scores = given["vocabulary"], given.get("scores", ())
    if not tokens:
        raise validation_failed(["[vocabulary] must not be empty"])
    if scores and len(scores) != len(tokens):
        raise validation_failed(["[scores] must have same length as [vocabulary]"])
    node.trained_models.put_vocabulary(call.part("model_id"), Vocabulary(tokens, given.get("merges", ()), scores))
    return ACKNOWLEDGED


@route("POST", f"{MODEL}/deployment/_start", params=START_PARAMS, action=f"{_CHANGE}/trained_models/deployment/start")
def start_deployment(node: Node, call: Call) -> dict[str, Any]:
    """Deploys a model."""
    start = Start.read(call)
    if node.inference.exists(call.part("model_id")):
        name = call.part("model_id")
        raise status_exception(
            400,
            f"Inference endpoint IDs must be unique. Requested inference endpoint ID [{name}] matches existing trained"
            " model ID(s) but must not.",
        )
    return node.trained_models.deployments.start(call.part("model_id"), start)


@route(
    "POST",
    f"{MODEL}/deployment/_stop",
    params=("allow_no_match", "finish_pending_work", "force"),
    action=f"{_CHANGE}/trained_models/deployment/stop",
)
def stop_deployment(node: Node, call: Call) -> dict[str, Any]:
    """Ends a deployment; what it is doing it finishes."""
    body = Body(call.body if call.body is not None else {}, call.request.body or None)
    parser = "cluster:admin/xpack/ml/trained_models/deployment/stop"
    members = Members(body, parser)
    readers: dict[str, Reader] = {
        "model_id": members.text,
        "id": members.text,
        **dict.fromkeys(("allow_no_match", "finish_pending_work", "force"), members.flag),
    }
    given = body.object(parser, (), body.value, readers)
    allow = call.flag("allow_no_match", given.get("allow_no_match", True))
    node.trained_models.deployments.stop(call.part("model_id"), allow_no_match=allow)
    return {"stopped": True}


@route(
    "POST",
    f"{MODEL}/deployment/_update",
    params=("master_timeout", "timeout"),
    action=f"{_CHANGE}/trained_models/deployment/update",
)
def update_deployment(node: Node, call: Call) -> dict[str, Any]:
    """Changes how much a deployment may use."""
    check_times(call, "master_timeout", "timeout")
    deployments = node.trained_models.deployments
    running = deployments.running(call.part("model_id"))
    return deployments.update(running, read_update(call, running.deployment))


@route("POST", f"{MODEL}/_infer", params=["timeout"], action=f"{_READ}/inference/infer")
def infer(node: Node, call: Call) -> dict[str, Any]:
    """Asks a model or one of its deployments."""
    return node.trained_models.deployments.infer(call.part("model_id"), _question(call), call.text("timeout"))


@route("POST", f"{MODEL}/deployment/_infer", params=["timeout"], action=f"{_READ}/inference/infer")
def infer_deployment(node: Node, call: Call) -> Response:
    """The older form for one document, deprecated since Elasticsearch 8.3."""
    question = _question(call)
    if len(question.docs) > 1:
        raise validation_failed(["multiple documents are not supported"], "validation_exception")
    answer = node.trained_models.deployments.infer(call.part("model_id"), question, call.text("timeout"))
    response = node.respond(200, answer, call.request)
    old, new = f"POST {MODEL}/deployment/_infer", f"POST {MODEL}/_infer"
    warning = f'299 Elasticsearch-{VERSION} "[{old}] is deprecated! Use [{new}] instead."'
    return Response(response.status, {**response.headers, "warning": warning}, response.body)


def _question(call: Call) -> Question:
    if call.body is None:
        raise status_exception(400, "requires body")
    return Question.read(call.body, call.request.body)


def _page(call: Call) -> tuple[int, int]:
    start, size = call.integer("from", 0), call.integer("size", 100)
    for name, value in (("from", start), ("size", size)):
        if value is None or value < 0:
            raise illegal_argument(f"Parameter [{name}] cannot be < 0")
    return start or 0, size or 0


def _base64(body: Body, parser: str, path: Path, value: Any) -> bytes:
    if not isinstance(value, str):
        raise body.unsupported(parser, path, value)
    try:
        return binascii.a2b_base64(value.encode(), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        line, column = body.position(path)
        reason = f"[{line}:{column}] Failed to decode VALUE_STRING as base64 (MIME-NO-LINEFEEDS): {error}"
        raise body.failed(parser, path, RestError(400, "x_content_parse_exception", reason)) from None


def _texts(body: Body, parser: str, path: Path, value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    for place, item in enumerate(items):
        if not isinstance(item, str):
            line, column = body.position((*path, place) if isinstance(value, list) else path)
            cause = RestError(
                400, "illegal_argument_exception", f"Expected text at {line}:{column} but found {token(item)}"
            )
            raise body.failed(parser, path, cause, at=(line, column))
    return tuple(items)


def _numbers(body: Body, members: Members, parser: str, path: Path, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise body.unsupported(parser, path, value)
    return tuple(members.number((*path, place), item) for place, item in enumerate(value))
