"""Amazon Bedrock: embeddings of Amazon's and Cohere's models, completions and chats of all that it converses with.

Sources: botocore's service model of `bedrock-runtime` and, for the models' own bodies,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html; settings, defaults and texts are
Elasticsearch's. Requests are signed by botocore (extra `bedrock`) and sent like those of every other service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.input_type import InputType
from headpond.inference.invalid import status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Result, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._bedrock import answers, conversation
from headpond.services._bedrock.event_stream import CONTENT_TYPE, decode
from headpond.services._bedrock.signing import signed
from headpond.services._configuration import API_KEY, MAX_INPUT_TOKENS, RATE_LIMIT, SIMILARITY, URL, Setting
from headpond.services._http.address import address
from headpond.services._http.input_types import translated
from headpond.services._http.provider import SIMILARITIES, Provider, header_secrets
from headpond.services._http.reading import floats, items, member, tokens

DEFAULT_NEW_TOKENS = 64
"""How long completions of a new endpoint are, unless it says."""

_EMBEDDERS = ("amazontitan", "cohere")
_PROVIDERS = ("ai21labs", "amazontitan", "anthropic", "cohere", "meta", "mistral")
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_INPUT_TYPES: Mapping[InputType, str] = {
    InputType.INGEST: "search_document",
    InputType.INTERNAL_INGEST: "search_document",
    InputType.SEARCH: "search_query",
    InputType.INTERNAL_SEARCH: "search_query",
    InputType.CLASSIFICATION: "classification",
    InputType.CLUSTERING: "clustering",
}


class AmazonBedrock(Provider):
    """Service `amazonbedrock`: `text_embedding`, `completion` and `chat_completion`.

    Service settings: `access_key`, `secret_key`, `region`, `model` (an id or an ARN), `provider` (`ai21labs`,
    `amazontitan`, `anthropic`, `cohere`, `meta`, `mistral`), all required; `url` (instead of AWS's own address),
    `rate_limit.requests_per_minute` (240); for embeddings, of `amazontitan` and `cohere`, `similarity` (`cosine`) and
    `max_input_tokens`. Task settings: `truncate` (`NONE`, `START`, `END`) for embeddings of `cohere`; for completions
    `temperature` and `top_p` (0 to 1), `top_k` (`anthropic`, `cohere`, `mistral`), `max_new_tokens` (64).
    """

    name = "amazonbedrock"
    display_name = "Amazon Bedrock"
    extra = "bedrock"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "access_key": replace(API_KEY, label="Access Key", description="The access key of AWS; never shown."),
        "secret_key": replace(
            API_KEY, label="Secret Key", description="The secret key that belongs to it; never shown."
        ),
        "region": Setting("Region", "The region of AWS that runs the model, as in us-east-1.", required=True),
        "model": Setting("Model", "The model's id, or an ARN.", required=True),
        "provider": Setting("Provider", f"Whose model it is: {', '.join(_PROVIDERS)}.", required=True),
        "url": URL,
        "rate_limit.requests_per_minute": RATE_LIMIT,
        "similarity": SIMILARITY,
        "max_input_tokens": MAX_INPUT_TOKENS,
    }
    settings_order = (
        "region",
        "model",
        "provider",
        "url",
        "rate_limit",
        "dimensions",
        "max_input_tokens",
        "similarity",
    )
    requests_per_minute = 240
    max_inputs = 96

    def parse(self, inference_id: str, task_type: TaskType, config: Mapping[str, Any]) -> tuple[Endpoint, Secrets]:
        """Besides, the provider must know the task settings."""
        endpoint, secrets = super().parse(inference_id, task_type, config)
        _check_task_settings(endpoint, endpoint.task_settings)
        return endpoint, secrets

    def secrets(self, settings: Settings, *, required: bool = True) -> Secrets:
        """Both keys."""
        return header_secrets(settings, "access_key", "secret_key", required=required)

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Refuses besides what the provider does not do."""
        region = settings.text("region", required=True)
        if region is not None and not _REGION.fullmatch(region):
            settings.wrong(f"Invalid value [{region}] received. [region] must be a region of AWS, as in [us-east-1]")
        provider = settings.choice("provider", _PROVIDERS, required=True)
        shown: dict[str, Any] = {
            "region": region,
            "model": settings.text("model", required=True),
            "provider": provider.upper() if provider else None,
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type.embeds:
            if settings.integer("dimensions") is not None:
                settings.wrong("does not allow the setting [dimensions]")
            shown["max_input_tokens"] = settings.positive("max_input_tokens")
            shown["similarity"] = settings.choice("similarity", SIMILARITIES)
            if not settings.problems and provider not in _EMBEDDERS:
                raise status_exception(400, f"The [{task_type}] task type for provider [{provider}] is not available")
        return shown, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings or of completions."""
        if task_type.embeds:
            truncate = settings.choice("truncate", ("none", "start", "end"))
            return {"truncate": truncate.upper() if truncate else None}
        return {
            "temperature": settings.number("temperature", low=0.0, high=1.0),
            "top_p": settings.number("top_p", low=0.0, high=1.0),
            "top_k": settings.number("top_k", low=0.0),
            "max_new_tokens": settings.positive("max_new_tokens"),
        }

    def effective(self, endpoint: Endpoint, request: InferenceRequest) -> dict[str, Any]:
        """The endpoint's task settings with those of the request on top, which the provider must know."""
        settings = super().effective(endpoint, request)
        _check_task_settings(endpoint, settings)
        return settings

    def learned(self, endpoint: Endpoint, result: Result) -> Endpoint:
        """Besides dimensions and similarity, how long completions are from now on."""
        endpoint = super().learned(endpoint, result)
        if endpoint.task_type is not TaskType.COMPLETION or "max_new_tokens" in endpoint.task_settings:
            return endpoint
        return replace(endpoint, task_settings={**endpoint.task_settings, "max_new_tokens": DEFAULT_NEW_TOKENS})

    def most_inputs(self, endpoint: Endpoint) -> int:
        """Amazon's models take one text at a time."""
        return 1 if _provider(endpoint) == "amazontitan" else self.max_inputs

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """The model of a region."""
        return endpoint.service_settings["region"], endpoint.service_settings["model"]

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """What is signed."""
        return {"content-type": "application/json"}

    def authorize(
        self, endpoint: Endpoint, secrets: Secrets, url: str, content: bytes, deadline: Deadline
    ) -> Mapping[str, str]:
        """A signature of this attempt: it is good for a few minutes only."""
        region, headers = endpoint.service_settings["region"], self.headers(endpoint, secrets)
        headers["accept"] = CONTENT_TYPE if url.endswith("/converse-stream") else "application/json"
        return signed(url, content, headers, region, secrets["access_key"], secrets["secret_key"])

    def message_of(self, body: Any) -> str | None:
        """`{"message": "..."}`."""
        return answers.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`InvokeModel` for embeddings, `Converse` for completions."""
        settings = self.effective(endpoint, request)
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, settings, deadline)
        body = conversation.body_of(ChatRequest.of(self.single(request)), settings, _provider(endpoint))
        return self.send(endpoint, secrets, _url(endpoint, "converse"), body, answers.read_completion, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """`ConverseStream` for a completion."""
        settings = self.effective(endpoint, request)
        body = conversation.body_of(ChatRequest.of(self.single(request)), settings, _provider(endpoint))
        url = _url(endpoint, "converse-stream")
        return self.send_stream(endpoint, secrets, url, body, answers.read_deltas, deadline, decode=decode)

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """`ConverseStream` for a chat completion."""
        body = conversation.body_of(request, endpoint.task_settings, _provider(endpoint))
        url = _url(endpoint, "converse-stream", request.model)
        read = answers.Chunks(request.model or endpoint.service_settings["model"]).read
        return self.send_stream(endpoint, secrets, url, body, read, deadline, decode=decode)

    def _embed(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        request: InferenceRequest,
        settings: Mapping[str, Any],
        deadline: Deadline,
    ) -> TextEmbedding:
        of_cohere, url = _provider(endpoint) == "cohere", _url(endpoint, "invoke")
        word = translated(request, {}, _INPUT_TYPES, self.display_name) or "search_document"

        def embed(texts: list[str]) -> TextEmbedding:
            if of_cohere:
                body: dict[str, Any] = {"texts": texts, "input_type": word, **settings}
                return self.send(endpoint, secrets, url, body, partial(_read_cohere, count=len(texts)), deadline)
            return self.send(endpoint, secrets, url, {"inputText": texts[0]}, _read_titan, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))


def _provider(endpoint: Endpoint) -> str:
    return str(endpoint.service_settings["provider"]).lower()


def _url(endpoint: Endpoint, operation: str, model: str | None = None) -> str:
    region = endpoint.service_settings["region"]
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    named = quote(model or endpoint.service_settings["model"], safe="")
    return address(endpoint, f"https://bedrock-runtime.{region}.{domain}", f"/model/{named}/{operation}")


def _check_task_settings(endpoint: Endpoint, settings: Mapping[str, Any]) -> None:
    provider = _provider(endpoint)
    if "top_k" in settings and provider not in conversation.PROVIDERS_WITH_TOP_K:
        raise status_exception(400, f"The [top_k] task parameter is not available for provider [{provider}]")
    if "truncate" in settings and provider != "cohere":
        kind = f"The [{endpoint.task_type}] task type for provider [{provider}]"
        raise status_exception(400, f"{kind} does not allow [truncate] field")


def _read_titan(body: Any) -> TextEmbedding:
    row = items(body, "embedding", answers.ANSWER)
    return TextEmbedding(floats([row], 1), Usage(1, tokens(body.get("inputTextTokenCount"))))


def _read_cohere(body: Any, *, count: int) -> TextEmbedding:
    """`embeddings`, an array, or an object by type where the model was asked for types."""
    found = member(body, "embeddings", answers.ANSWER)
    by_type = isinstance(found, dict)
    rows = items(found if by_type else body, "float" if by_type else "embeddings", answers.ANSWER)
    return TextEmbedding(floats(rows, count), Usage(count))
