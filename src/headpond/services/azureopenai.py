"""OpenAI's models on Azure: deployments have an address each, and keys or tokens of Entra ID open them.

Sources: https://learn.microsoft.com/azure/ai-services/openai/reference and, for tokens,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow; settings and defaults are those
of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.input_type import InputType
from headpond.inference.request import InferenceRequest
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.services._configuration import API_KEY, EMBEDDING, RATE_LIMIT, URL, Setting
from headpond.services._http.address import address, with_query
from headpond.services._openai import errors
from headpond.services._openai.oauth2 import CLIENT_CREDENTIALS, WithClientCredentials

LOGIN_URL = "https://login.microsoftonline.com"


def _remaining(headers: httpx.Headers) -> str:
    """What Azure's headers say about a rate limit, as Elasticsearch shows it."""
    tokens, requests = (headers.get(f"x-ratelimit-remaining-{what}", "unknown") for what in ("tokens", "requests"))
    return f". Remaining tokens [{tokens}]. Remaining requests [{requests}]."


class AzureOpenAI(WithClientCredentials):
    """Service `azureopenai`: `text_embedding`, `completion` and `chat_completion`.

    Service settings: `resource_name`, `deployment_id`, `api_version` (required); exactly one of `api_key`, `entra_id`
    (a token) and `client_secret`, the last with `client_id`, `scopes` and `tenant_id`: tokens are then fetched from
    Entra ID. `url` (the resource's base, instead of `https://<resource_name>.openai.azure.com`), `token_url` (of Entra
    ID outside of the public cloud), `rate_limit.requests_per_minute` (embeddings 1440, completions 120); for embeddings
    `dimensions`, `similarity` (`dot_product`), `max_input_tokens`. Task settings: `user`, `headers`.
    """

    name = "azureopenai"
    display_name = "Azure OpenAI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "resource_name": Setting("Resource Name", "The name of the Azure OpenAI resource.", required=True),
        "deployment_id": Setting("Deployment ID", "The name of the model's deployment.", required=True),
        "api_version": Setting("API Version", "Of Azure's API, as in 2024-10-21.", required=True),
        "api_key": API_KEY.optional(),
        "entra_id": Setting("Entra ID", "A token of Entra ID.", sensitive=True, updatable=True),
        **CLIENT_CREDENTIALS,
        "tenant_id": Setting("Tenant ID", "The directory that the client belongs to.", updatable=True),
        "token_url": Setting("Token URL", "Where tokens are fetched, outside of Entra ID's public cloud."),
        "url": URL,
        "rate_limit.requests_per_minute": RATE_LIMIT,
        **EMBEDDING,
    }
    settings_order: ClassVar[tuple[str, ...]] = (
        "resource_name",
        "deployment_id",
        "api_version",
        "url",
        "rate_limit",
        "client_id",
        "scopes",
        "tenant_id",
        "token_url",
        "dimensions",
        "max_input_tokens",
        "similarity",
    )
    secret_names = ("api_key", "entra_id", "client_secret")
    bearer_secret = "entra_id"
    token_setting = "tenant_id"
    posts_secret = True
    default_similarity = "dot_product"
    requests_per_minute = 1440
    chat_requests_per_minute = 120
    max_inputs = 2048
    takes_user = True
    rules = replace(errors.RULES, rate_limit_detail=_remaining)

    def url(self, endpoint: Endpoint) -> str:
        """The deployment's address, with the version of the API."""
        settings = endpoint.service_settings
        what = "embeddings" if endpoint.task_type is TaskType.TEXT_EMBEDDING else "chat/completions"
        path = f"/openai/deployments/{quote(settings['deployment_id'], safe='')}/{what}"
        base = f"https://{settings['resource_name']}.openai.azure.com"
        return with_query(address(endpoint, base, path), urlencode({"api-version": settings["api_version"]}))

    def model(self, endpoint: Endpoint) -> str | None:
        """None: the deployment is the model."""
        return None

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """The deployment."""
        settings = endpoint.service_settings
        return (settings["resource_name"], settings["deployment_id"])

    def options(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest | None
    ) -> dict[str, Any]:
        """The input type besides, which deployments of other models than OpenAI's may know."""
        options = super().options(endpoint, settings, request)
        given = request.input_type if request is not None and endpoint.task_type is TaskType.TEXT_EMBEDDING else None
        if given is not None and given is not InputType.UNSPECIFIED:
            options["input_type"] = str(given)
        return options

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """A chat completion of the deployment, whatever model the request names."""
        return super().chat(endpoint, secrets, replace(request, model=None), deadline)

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """The key, or the user's token."""
        if (token := secrets.get("entra_id")) is not None:
            return {"authorization": f"Bearer {token}"}
        return {"api-key": secrets["api_key"]}

    def token_url(self, endpoint: Endpoint) -> str:
        """Entra ID's token endpoint of the tenant."""
        settings = endpoint.service_settings
        public = f"{LOGIN_URL}/{quote(settings['tenant_id'], safe='')}/oauth2/v2.0/token"
        return str(settings.get("token_url", public))
