"""Any provider that takes and gives JSON, described by the user: templates of its requests, paths into its answers.

Settings, defaults, templates and paths are those of Elasticsearch's service of the same name
(https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-inference-put-custom).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote_plus

import orjson

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.input_type import InputType
from headpond.inference.invalid import validation_failed
from headpond.inference.request import PROBE_TEXT, InferenceRequest
from headpond.inference.results import Result, SparseEmbedding, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings, java_text
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, RATE_LIMIT, Setting
from headpond.services._custom import answers, requests
from headpond.services._custom.templates import TemplateError
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.rules import SERVER_ERROR, Rule, Rules

DEFAULT_BATCH_SIZE = 10

_INPUT_TYPES = ("classification", "clustering", "ingest", "search")
_SCALARS = (bool, float, int, str)


class Custom(Provider):
    """Service `custom`: `text_embedding`, `sparse_embedding`, `rerank` and `completion`.

    Service settings: `url`, `request` (the body, a text), `response.json_parser`, all required; `headers`,
    `query_parameters` (`[["name", "value"], ...]`), `input_type` (`{"translation": {...}, "default": "..."}`),
    `secret_parameters`, `batch_size` (10), `rate_limit.requests_per_minute` (10000); for dense embeddings `dimensions`,
    `similarity` (`dot_product`), `max_input_tokens`. Task setting: `parameters`.

    `${name}` in `url`, `headers`, `query_parameters` and `request` stands for a secret parameter or a parameter; in
    `request` also for `input`, and `input_type` of embeddings, `query`, `top_n` and `return_documents` of rerank, all
    in JSON with their quotes. Addresses and headers take parameters that are texts.

    `json_parser` has paths, as in `$.data[*].embedding`: `text_embeddings` (and `embedding_type`: `float`, `byte`,
    `bit` or `binary`), `token_path` and `weight_path`, `relevance_score` (and `reranked_index`, `document_text`), or
    `completion_result`.
    """

    name = "custom"
    display_name = "Custom"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.SPARSE_EMBEDDING, TaskType.RERANK, TaskType.COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "url": Setting("URL", "Where requests go; a template.", required=True),
        "headers": Setting("Headers", "Headers of requests; their values are templates.", type="map"),
        "query_parameters": Setting("Query Parameters", "Names and values, which are templates.", type="list"),
        "request": Setting("Request", "The body of requests; a template.", required=True),
        "response": Setting(
            "Response", "json_parser: paths to what is wanted in an answer.", type="map", required=True
        ),
        "input_type": Setting("Input Type", "What the provider calls input types.", type="map"),
        "secret_parameters": Setting(
            "Secret Parameters", "What templates may name and nobody sees.", type="map", sensitive=True, updatable=True
        ),
        "batch_size": Setting("Batch Size", "Texts in one request of embeddings.", type="int", default=10),
        "rate_limit.requests_per_minute": RATE_LIMIT,
        **EMBEDDING,
    }
    settings_order = (
        "similarity",
        "dimensions",
        "max_input_tokens",
        "url",
        "headers",
        "query_parameters",
        "request",
        "response",
        "input_type",
        "rate_limit",
        "batch_size",
    )
    default_similarity = "dot_product"
    requests_per_minute = 10_000
    keyless = True
    rules = Rules(exact={500: Rule(SERVER_ERROR), 503: Rule(SERVER_ERROR)})

    def parse(self, inference_id: str, task_type: TaskType, config: Mapping[str, Any]) -> tuple[Endpoint, Secrets]:
        """Besides, every template must have what it names."""
        endpoint, secrets = super().parse(inference_id, task_type, config)
        _check_templates(endpoint, secrets)
        return endpoint, secrets

    def secrets(self, settings: Settings, *, required: bool = True) -> Secrets:
        """The secret parameters, which need not be there."""
        return Secrets(_scalars(settings, "secret_parameters", (str,)) or {})

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The templates and the paths."""
        shown: dict[str, Any] = {}
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["similarity"] = settings.choice("similarity", SIMILARITIES)
            shown["dimensions"] = settings.positive("dimensions")
            shown["max_input_tokens"] = settings.positive("max_input_tokens")
        shown["url"] = settings.text("url", required=True)
        shown["headers"] = _scalars(settings, "headers", (str,)) or None
        settings.refuse_framing("headers", shown["headers"] or ())
        shown["query_parameters"] = _pairs(settings, "query_parameters") or None
        shown["request"] = settings.text("request", required=True)
        shown["response"] = _response(task_type, settings)
        shown["input_type"] = _input_type(settings)
        shown["rate_limit"] = self.rate_limit(settings, task_type)
        shown["batch_size"] = settings.positive("batch_size") or DEFAULT_BATCH_SIZE
        return shown, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """`parameters`."""
        return {"parameters": _scalars(settings, "parameters", _SCALARS) or None}

    def effective(self, endpoint: Endpoint, request: InferenceRequest) -> dict[str, Any]:
        """The endpoint's parameters, one by one replaced by the request's."""
        return _merged(endpoint.task_settings, super().effective(endpoint, request))

    def update(
        self, endpoint: Endpoint, secrets: Secrets, service: Mapping[str, Any], task: Mapping[str, Any]
    ) -> tuple[Endpoint, Secrets]:
        """Replaces parameters and secret parameters one by one."""
        updated, newer = super().update(endpoint, secrets, service, task)
        updated = replace(updated, task_settings=_merged(endpoint.task_settings, updated.task_settings))
        _check_templates(updated, newer)
        return updated, newer

    def most_inputs(self, endpoint: Endpoint) -> int:
        """`batch_size`."""
        return int(endpoint.service_settings["batch_size"])

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """The model is somewhere in the address or the body."""
        return endpoint.service_settings["url"], endpoint.service_settings["request"]

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """None but those of the templates."""
        return {}

    def unquotable(self, secrets: Secrets) -> Secrets:
        """The secrets, also as they look in addresses, in JSON, and in an error that quotes JSON."""
        found = secrets.reveal().values()
        once = [_escaped(value) for value in found]
        forms = {*found, *map(quote_plus, found), *once, *map(_escaped, once)}
        return Secrets({str(number): form for number, form in enumerate(forms)})

    def message_of(self, body: Any) -> str | None:
        """The whole body: nobody said where in it the message is."""
        if isinstance(body, str):
            return body
        return None if body is None else orjson.dumps(body).decode()

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """One request, or several of `batch_size` texts each."""
        settings = self.effective(endpoint, request)

        def ask(texts: list[str]) -> Result:
            try:
                filled = _filled(endpoint, settings, secrets, request, texts)
            except TemplateError as error:
                cause = RestError(400, "illegal_argument_exception", str(error))
                reason = "Failed to construct the custom service request"
                raise RestError(400, "status_exception", reason, caused_by=cause) from None
            parser = endpoint.service_settings["response"]["json_parser"]
            read = answers.reader(endpoint.task_type, parser, request, len(texts))
            return self.send(endpoint, secrets, filled.url, filled.body, read, deadline, headers=filled.headers)

        if endpoint.task_type is TaskType.COMPLETION:
            return ask([self.single(request)])
        if endpoint.task_type is TaskType.RERANK:
            return ask(list(request.input))
        return _joined(self.in_batches(endpoint, request.input, ask))


def _joined(parts: list[Result]) -> Result:
    dense = [part for part in parts if isinstance(part, TextEmbedding)]
    sparse = [part for part in parts if isinstance(part, SparseEmbedding)]
    return TextEmbedding.joined(dense) if dense else SparseEmbedding.joined(sparse)


def _escaped(text: str) -> str:
    return orjson.dumps(text).decode()[1:-1]


def _filled(
    endpoint: Endpoint, settings: Mapping[str, Any], secrets: Secrets, request: InferenceRequest, texts: list[str]
) -> requests.Filled:
    given = requests.given(endpoint.task_type, request, texts, endpoint.service_settings["input_type"])
    return requests.make(endpoint.service_settings, settings.get("parameters", {}), secrets, given)


def _check_templates(endpoint: Endpoint, secrets: Secrets) -> None:
    """Fills all templates once, with a text to try it.

    Raises:
        RestError: 400, says which template cannot be filled.
    """
    probe = InferenceRequest((PROBE_TEXT,), query=PROBE_TEXT)
    try:
        _filled(endpoint, endpoint.task_settings, secrets, probe, [PROBE_TEXT])
    except TemplateError as error:
        raise validation_failed([f"Failed to validate model configuration: {error}"], "validation_exception") from None


def _merged(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {**older.get("parameters", {}), **newer.get("parameters", {})}
    return {"parameters": parameters} if parameters else {}


def _response(task_type: TaskType, settings: Settings) -> dict[str, Any]:
    given = settings.mapping("response")
    if given is None:
        settings.wrong("does not contain the required setting [response]")
        return {}
    response = Settings(given, f"{settings.scope}.response", settings.problems)
    parser = response.mapping("json_parser")
    if parser is None:
        response.wrong("does not contain the required setting [json_parser]")
    for name in response.left():
        response.wrong(f"does not allow the setting [{name}]")
    paths = Settings(parser or {}, f"{response.scope}.json_parser", settings.problems if parser is not None else [])
    return {"json_parser": answers.parse(task_type, paths)}


def _input_type(settings: Settings) -> dict[str, Any]:
    nested = Settings(settings.mapping("input_type") or {}, "input_type", settings.problems)
    translation = _scalars(nested, "translation", (str,)) or {}
    for name, word in translation.items():
        if name not in _INPUT_TYPES:
            nested.wrong(
                f"Invalid input type translation for key: [{name}], must be one of [{', '.join(_INPUT_TYPES)}]"
            )
        elif not word:
            nested.wrong(f"Input type translation value for key [{name}] must be a String that is not empty")
    default = nested.left().pop("default", None)
    if not isinstance(default, str | None):
        nested.wrong(f"Invalid value [{java_text(default)}]. [default] must be a string")
    for name in nested.left():
        nested.wrong(f"does not allow the setting [{name}]")
    order = [str(kind) for kind in InputType if str(kind) in translation]
    return {"translation": {name: translation[name] for name in order}, "default": default or ""}


def _scalars(settings: Settings, name: str, kinds: tuple[type, ...]) -> dict[str, Any] | None:
    """An object whose values are of these types; members that are null are left out. Values are never shown."""
    values = settings.mapping(name)
    if values is None:
        return None
    found = {key: value for key, value in values.items() if value is not None}
    for key, value in found.items():
        if type(value) not in kinds:
            valid = ", ".join(kind.__name__ for kind in kinds)
            settings.wrong(
                f"Map field [{name}] has an entry that is not valid, [{key}]. Its type is not one of [{valid}]"
            )
    return found


def _pairs(settings: Settings, name: str) -> list[list[str]] | None:
    values = settings.items(name)
    if values is not None and not all(_is_pair(value) for value in values):
        settings.wrong(f'[{name}] must be a list of pairs of strings, as in [["key", "value"]]')
        return None
    return values


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)
