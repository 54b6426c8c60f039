"""IBM watsonx.ai: embeddings, rerank, completions and chat completions.

Sources: https://cloud.ibm.com/apidocs/watsonx-ai and IBM's Python SDK (`ibm-watsonx-ai`), whose paths count where
Elasticsearch's service has others (`/ml/v1/text/rerank`, `/ml/v1/text/chat_stream`); settings, defaults and texts are
Elasticsearch's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Chunk, Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Rerank, Result, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._http.address import joined, with_query
from headpond.services._http.events import Event
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import floats, items, json_object, member, tokens
from headpond.services._http.token import Token, Tokens, fetch_token
from headpond.services._openai import chat

IAM_URL_VARIABLE = "HEADPOND_WATSONX_IAM_URL"
"""Environment variable: the address that gives tokens, instead of the one that belongs to the setting `url`."""

_GRANT_TYPE = "urn:ibm:params:oauth:grant-type:apikey"
_ORDERS: Mapping[bool, tuple[str, ...]] = {
    True: (
        "model_id",
        "project_id",
        "url",
        "api_version",
        "max_input_tokens",
        "dimensions",
        "similarity",
        "rate_limit",
    ),
    False: ("url", "api_version", "model_id", "project_id", "rate_limit"),
}


class WatsonxAI(Provider):
    """Service `watsonxai`: `text_embedding`, `rerank`, `completion` and `chat_completion`.

    Service settings: `api_key`, `url` (the region's address; without a scheme https), `api_version` (a date,
    YYYY-MM-DD), `model_id`, `project_id`, all required; `rate_limit.requests_per_minute` (120); for embeddings
    `dimensions`, `similarity` (`dot_product`), `max_input_tokens`. Task settings of rerank: `return_documents`,
    `top_n`, `truncate_input_tokens`.

    The API key is exchanged for a bearer token, which is kept until shortly before it expires. IBM Cloud's regions get
    theirs from `https://iam.cloud.ibm.com`, other addresses from `/identity/token` beside them, and all from the
    address in the environment variable `HEADPOND_WATSONX_IAM_URL` where it is set.
    """

    name = "watsonxai"
    display_name = "IBM watsonx"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "url": Setting("URL", "The address of the region, as in https://us-south.ml.cloud.ibm.com.", required=True),
        "api_version": Setting("API Version", "Which version of the API: a date, YYYY-MM-DD.", required=True),
        "project_id": Setting("Project ID", "The project that pays.", required=True),
    }
    default_similarity = "dot_product"
    requests_per_minute = 120
    max_inputs = 1000

    def __init__(self) -> None:
        super().__init__()
        self._tokens = Tokens()

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The same for all task types, and what embeddings have besides."""
        url = settings.text("url", required=True)
        if url is not None:
            Settings({"url": _with_scheme(url)}, settings.scope, settings.problems).url("url")
        shown: dict[str, Any] = {
            "url": url,
            "api_version": settings.text("api_version", required=True),
            "model_id": settings.text("model_id", required=True),
            "project_id": settings.text("project_id", required=True),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["max_input_tokens"] = settings.positive("max_input_tokens")
            shown["dimensions"] = settings.positive("dimensions")
            shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        return shown, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of rerank; others have none."""
        if task_type is not TaskType.RERANK:
            return {}
        return {
            "top_n": settings.positive("top_n"),
            "return_documents": settings.flag("return_documents"),
            "truncate_input_tokens": settings.positive("truncate_input_tokens"),
        }

    def ordered(self, endpoint: Endpoint) -> Endpoint:
        """Elasticsearch shows embeddings' settings in another order than those of other task types."""
        names = _ORDERS[endpoint.task_type is TaskType.TEXT_EMBEDDING]
        return endpoint.with_order(name for name in names if name in endpoint.service_settings)

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """None but those with the token."""
        return {}

    def authorize(
        self, endpoint: Endpoint, secrets: Secrets, url: str, content: bytes, deadline: Deadline
    ) -> Mapping[str, str]:
        """A bearer token for the API key, fetched unless there is one."""

        def fetch() -> Token:
            form = {"grant_type": _GRANT_TYPE, "apikey": secrets["api_key"]}
            return fetch_token(endpoint.inference_id, _token_url(endpoint), form, secrets, deadline)

        return {"authorization": f"Bearer {self._tokens.get(_key(endpoint, secrets), fetch, deadline)}"}

    def renew(self, endpoint: Endpoint, secrets: Secrets) -> bool:
        """The next attempt has another token."""
        return self._tokens.forget(_key(endpoint, secrets))

    def message_of(self, body: Any) -> str | None:
        """`{"errors": [{"code", "message"}]}`, or `{"error": {"message"}}`."""
        found = body["errors"][0] if "errors" in body else body["error"]
        return found["message"] if isinstance(found["message"], str) else None

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Embeddings, a ranking, or a completion in one piece."""
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, deadline)
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        body = _conversation(endpoint, ChatRequest.of(self.single(request)))
        return self.send(endpoint, secrets, _url(endpoint, "chat"), body, chat.read_completion, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """A completion piece by piece."""
        body = _conversation(endpoint, ChatRequest.of(self.single(request)))
        read = partial(_chunks, chat.read_deltas)
        return self.send_stream(endpoint, secrets, _url(endpoint, "chat_stream"), body, read, deadline)

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """A chat completion."""
        body = _conversation(endpoint, request)
        read = partial(_chunks, chat.read_chunk)
        return self.send_stream(endpoint, secrets, _url(endpoint, "chat_stream"), body, read, deadline)

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        def embed(texts: list[str]) -> TextEmbedding:
            body = {"inputs": texts, **_named(endpoint)}
            read = partial(_read_embeddings, count=len(texts))
            return self.send(endpoint, secrets, _url(endpoint, "embeddings"), body, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        top_n = settings.get("top_n") if request.top_n is None else request.top_n
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        options = _given(inputs=with_text, top_n=top_n)
        parameters = _given(truncate_input_tokens=settings.get("truncate_input_tokens"), return_options=options or None)
        body: dict[str, Any] = {
            **_named(endpoint),
            "query": request.require_query(),
            "inputs": [{"text": text} for text in request.input],
            **_given(parameters=parameters or None),
        }

        def read(answer: Any) -> Rerank:
            return read_ranking(
                answer,
                documents=request.input,
                with_text=with_text,
                answer="IBM watsonx rerank",
                score="score",
                text="input",
                spent=tokens(answer.get("input_token_count")) if isinstance(answer, dict) else None,
            )

        return self.send(endpoint, secrets, _url(endpoint, "rerank"), body, read, deadline)


def _named(endpoint: Endpoint) -> dict[str, Any]:
    return {name: endpoint.service_settings[name] for name in ("model_id", "project_id")}


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _conversation(endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
    """OpenAI's members but for three; whether the answer is streamed is said by the path."""
    body = request.to_json()
    if (limit := body.pop("max_completion_tokens", None)) is not None:
        body["max_tokens"] = limit
    if isinstance(body.get("tool_choice"), str):
        body["tool_choice_option"] = body.pop("tool_choice")
    named = _named(endpoint)
    return {**named, "model_id": request.model or named["model_id"], **body}


def _chunks(read: Callable[[Event], Iterable[Chunk]], event: Event) -> Iterable[Chunk]:
    """Chunks of OpenAI's form, or the error that IBM sends inside a stream."""
    found = json_object(event).get("errors")
    if isinstance(found, list) and found and isinstance(found[0], dict):
        raise chat.error_in_stream(found[0])
    if event.name == "error":
        raise chat.error_in_stream(event.data)
    return read(event)


def _read_embeddings(body: Any, count: int) -> TextEmbedding:
    answer = "IBM watsonx embeddings"
    rows = [member(item, "embedding", answer) for item in items(body, "results", answer)]
    return TextEmbedding(floats(rows, count), Usage(count, tokens(body.get("input_token_count"))))


def _url(endpoint: Endpoint, what: str) -> str:
    base = _with_scheme(endpoint.service_settings["url"])
    version = quote(endpoint.service_settings["api_version"], safe="")
    return with_query(joined(base, f"/ml/v1/text/{what}"), f"version={version}")


def _with_scheme(url: str) -> str:
    """Elasticsearch takes hosts; people write addresses."""
    return url if "://" in url else f"https://{url}"


def _key(endpoint: Endpoint, secrets: Secrets) -> tuple[str, str]:
    return _token_url(endpoint), secrets["api_key"]


def _token_url(endpoint: Endpoint) -> str:
    """Where tokens for an endpoint come from."""
    return joined(os.environ.get(IAM_URL_VARIABLE) or _iam(endpoint.service_settings["url"]), "/identity/token")


def _iam(url: str) -> str:
    parts = urlsplit(_with_scheme(url))
    host = parts.hostname or ""
    if host.endswith(".test.cloud.ibm.com"):
        return "https://iam.test.cloud.ibm.com"
    if host.endswith(".cloud.ibm.com"):
        return "https://private.iam.cloud.ibm.com" if host.startswith("private.") else "https://iam.cloud.ibm.com"
    return f"{parts.scheme}://{parts.netloc}"
