"""Alibaba Cloud's AI Search Open Platform: dense and sparse embeddings, rerank and completions.

Sources: https://help.aliyun.com/zh/open-search/search-platform/developer-reference/api-details; settings, defaults and
texts are those of Elasticsearch's service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import (
    Completion,
    Rerank,
    Result,
    SparseEmbedding,
    SparseVector,
    TextEmbedding,
    Usage,
)
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import API_KEY, EMBEDDING, RATE_LIMIT, URL, Setting
from headpond.services._http.address import address
from headpond.services._http.input_types import DOCUMENT_OR_QUERY, translated
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import by_index, floats, items, mapping, member, text, tokens, total_tokens
from headpond.services._http.rules import SERVER_ERROR, Rule, Rules
from headpond.services._http.upstream import MalformedError

ANSWER = "AlibabaCloud Search"

_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
_PATHS: Mapping[TaskType, str] = {
    TaskType.TEXT_EMBEDDING: "text-embedding",
    TaskType.SPARSE_EMBEDDING: "text-sparse-embedding",
    TaskType.RERANK: "ranker",
    TaskType.COMPLETION: "text-generation",
}


class AlibabaCloudAISearch(Provider):
    """Service `alibabacloud-ai-search`: `text_embedding`, `sparse_embedding`, `rerank` and `completion`.

    Service settings: `api_key`, `service_id` (the model), `host`, `workspace`, all required; `http_schema` (`https` or
    `http`), `url` (instead of schema and host), `rate_limit.requests_per_minute` (1000); for dense embeddings
    `similarity` (`dot_product`), `dimensions`, `max_input_tokens`. Task settings: `input_type` (`ingest`, `search`) of
    embeddings, `return_token` of sparse ones, `parameters` of completions.

    The input of a completion is one text, or a conversation: an odd number of texts, the user's and the assistant's.
    """

    name = "alibabacloud-ai-search"
    display_name = "AlibabaCloud AI Search"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.SPARSE_EMBEDDING, TaskType.RERANK, TaskType.COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "api_key": API_KEY,
        "service_id": Setting("Service ID", "The name of the model.", required=True),
        "host": Setting("Host", "The host of the service, without a schema.", required=True),
        "workspace": Setting("Workspace", "The workspace that pays.", required=True),
        "http_schema": Setting("HTTP Schema", "https or http.", default="https"),
        "url": URL,
        "rate_limit.requests_per_minute": RATE_LIMIT,
        **EMBEDDING,
    }
    settings_order = (
        "service_id",
        "host",
        "workspace",
        "http_schema",
        "url",
        "rate_limit",
        "similarity",
        "dimensions",
        "max_input_tokens",
    )
    default_similarity = "dot_product"
    requests_per_minute = 1000
    max_inputs = 32
    rules = Rules(exact={500: Rule(SERVER_ERROR), 503: Rule(SERVER_ERROR)})

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The same for all task types, and what dense embeddings have besides."""
        host, schema = settings.text("host", required=True), settings.text("http_schema")
        if host is not None and not _HOST.fullmatch(host):
            settings.wrong(f"Invalid value [{host}] received. [host] must be a host, without schema and path")
        if schema not in (None, "https", "http"):
            settings.problems.append("Invalid value for [http_schema]. Must be one of [https, http]")
        shown: dict[str, Any] = {
            "service_id": settings.text("service_id", required=True),
            "host": host,
            "workspace": settings.text("workspace", required=True),
            "http_schema": schema,
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["similarity"] = settings.choice("similarity", SIMILARITIES)
            shown["dimensions"] = settings.positive("dimensions")
            shown["max_input_tokens"] = settings.positive("max_input_tokens")
        return shown, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings or completions; rerank has none."""
        if task_type is TaskType.RERANK:
            return {}
        if task_type is TaskType.COMPLETION:
            return {"parameters": settings.mapping("parameters")}
        input_type = settings.choice("input_type", ("ingest", "search"))
        if task_type is TaskType.TEXT_EMBEDDING:
            return {"input_type": input_type}
        return {"input_type": input_type, "return_token": settings.flag("return_token")}

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """The model of a workspace."""
        return tuple(endpoint.service_settings[name] for name in ("host", "workspace", "service_id"))

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token."""
        return {"authorization": f"Bearer {secrets['api_key']}"}

    def message_of(self, body: Any) -> str | None:
        """`{"code", "message"}`."""
        message = body["message"]
        return message if isinstance(message, str) else None

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Whatever the endpoint does; all of it is one POST to a path of its own."""
        settings, url = self.effective(endpoint, request), _url(endpoint)
        if endpoint.task_type is TaskType.COMPLETION:
            body = {"messages": _messages(request.input), **settings}
            return self.send(endpoint, secrets, url, body, _read_completion, deadline)
        if endpoint.task_type is TaskType.RERANK:
            body = {"query": request.require_query(), "docs": list(request.input)}
            return self.send(endpoint, secrets, url, body, partial(_read_ranking, request=request), deadline)
        word = translated(request, settings, DOCUMENT_OR_QUERY, self.display_name)
        options = {"input_type": word, "return_token": settings.get("return_token")}
        options = {name: value for name, value in options.items() if value is not None}
        if endpoint.task_type is TaskType.SPARSE_EMBEDDING:

            def sparse(texts: list[str]) -> SparseEmbedding:
                read = partial(_read_sparse, count=len(texts))
                return self.send(endpoint, secrets, url, {"input": texts, **options}, read, deadline)

            return SparseEmbedding.joined(self.in_batches(endpoint, request.input, sparse))

        def dense(texts: list[str]) -> TextEmbedding:
            read = partial(_read_dense, count=len(texts))
            return self.send(endpoint, secrets, url, {"input": texts, **options}, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, dense))


def _url(endpoint: Endpoint) -> str:
    settings = endpoint.service_settings
    base = f"{settings.get('http_schema', 'https')}://{settings['host']}"
    workspace, model = quote(settings["workspace"], safe=""), quote(settings["service_id"], safe="")
    return address(endpoint, base, f"/v3/openapi/workspaces/{workspace}/{_PATHS[endpoint.task_type]}/{model}")


def _messages(texts: tuple[str, ...]) -> list[dict[str, str]]:
    if len(texts) % 2 == 0:
        raise status_exception(
            400,
            "Alibaba Completion's inputs must be an odd number. The last input is the current query, all preceding"
            " inputs are the completion history as pairs of user input and the assistant's response.",
        )
    return [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(texts)]


def _spent(body: Any) -> int | None:
    usage = body.get("usage") if isinstance(body, dict) else None
    return tokens(usage.get("token_count")) if isinstance(usage, dict) else None


def _read_dense(body: Any, *, count: int) -> TextEmbedding:
    found = by_index(items(mapping(body, "result", ANSWER), "embeddings", ANSWER))
    rows = [member(item, "embedding", ANSWER) for item in found]
    return TextEmbedding(floats(rows, count), Usage(count, _spent(body)))


def _read_sparse(body: Any, *, count: int) -> SparseEmbedding:
    found = by_index(items(mapping(body, "result", ANSWER), "sparse_embeddings", ANSWER))
    vectors = tuple(_vector(items(item, "embedding", ANSWER)) for item in found)
    return SparseEmbedding(vectors, Usage(count, _spent(body)))


def _vector(entries: list[Any]) -> SparseVector:
    """Tokens, or their numbers where no tokens are given; those that an index cannot hold are left out."""
    weights: dict[str, float] = {}
    for entry in entries:
        weight = member(entry, "weight", ANSWER)
        if not isinstance(weight, (int, float)) or isinstance(weight, bool):
            raise MalformedError(f"Field [weight] in {ANSWER} response is not a number")
        token = entry.get("token") if "token" in entry else entry.get("token_id")
        name = str(token) if isinstance(token, (str, int)) and not isinstance(token, bool) else ""
        if name and "." not in name and weight > 0:
            weights[name] = float(weight)
    return SparseVector(weights)


def _read_ranking(body: Any, *, request: InferenceRequest) -> Rerank:
    """The provider ranks everything and gives no texts back; what the request wants besides is done here."""
    found = read_ranking(
        mapping(body, "result", ANSWER),
        documents=request.input,
        with_text=bool(request.return_documents),
        answer=ANSWER,
        results="scores",
        score="score",
    )
    return Rerank(found.ranked[: request.top_n], found.usage)


def _read_completion(body: Any) -> Completion:
    return Completion((text(mapping(body, "result", ANSWER), "text", ANSWER),), Usage(1, total_tokens(body)))
