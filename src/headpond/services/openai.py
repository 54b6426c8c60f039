"""OpenAI, and every server that speaks its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from headpond.inference.endpoint import Endpoint
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.services._configuration import API_KEY, EMBEDDING, KEYED, ORGANIZATION_ID, Setting
from headpond.services._openai.oauth2 import CLIENT_CREDENTIALS, WithClientCredentials


class OpenAI(WithClientCredentials):
    """Service `openai`: `text_embedding`, `completion` and `chat_completion`.

    Any server that speaks OpenAI's API can stand in: `url` is the whole address of its embeddings or chat completions.

    Service settings: `model_id` (required); either `api_key`, or `client_secret` with `client_id`, `scopes` and
    `token_url`, where tokens are then fetched; `url`, `organization_id`, `rate_limit.requests_per_minute` (embeddings
    3000, completions 500); for embeddings `dimensions`, `similarity` (`dot_product`), `max_input_tokens`. Task
    settings: `user`, `headers`.
    """

    name = "openai"
    display_name = "OpenAI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "api_key": API_KEY.optional(),
        "organization_id": ORGANIZATION_ID,
        **CLIENT_CREDENTIALS,
        "token_url": Setting("Token URL", "Where tokens are fetched.", updatable=True),
    }
    settings_order = (
        "model_id",
        "url",
        "organization_id",
        "client_id",
        "scopes",
        "token_url",
        "similarity",
        "dimensions",
        "max_input_tokens",
        "rate_limit",
    )
    default_similarity = "dot_product"
    requests_per_minute = 3000
    chat_requests_per_minute = 500
    max_inputs = 2048
    max_request_tokens = 300_000
    embeddings_url = "https://api.openai.com/v1/embeddings"
    chat_url = "https://api.openai.com/v1/chat/completions"
    takes_user = True

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token and organisation."""
        headers = super().headers(endpoint, secrets)
        if organization := endpoint.service_settings.get("organization_id"):
            headers["openai-organization"] = organization
        return headers
