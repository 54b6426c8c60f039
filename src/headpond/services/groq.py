"""Groq, which speaks OpenAI's API.

Sources: https://console.groq.com/docs/api-reference; settings and defaults are those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from headpond.inference.endpoint import Endpoint
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.services._configuration import KEYED, ORGANIZATION_ID, Setting
from headpond.services._openai.compatible import Compatible


class Groq(Compatible):
    """Service `groq`: `chat_completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the whole address of chat completions),
    `organization_id`, `rate_limit.requests_per_minute` (1000). Task settings: `user`, `headers`.
    """

    name = "groq"
    display_name = "Groq"
    task_types = (TaskType.CHAT_COMPLETION,)
    configuration: ClassVar[Mapping[str, Setting]] = {**KEYED, "organization_id": ORGANIZATION_ID}
    requests_per_minute = 1000
    chat_url = "https://api.groq.com/openai/v1/chat/completions"
    takes_user = True

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token and organisation."""
        organization = endpoint.service_settings.get("organization_id")
        named = {"groq-organization": organization} if organization else {}
        return {**super().headers(endpoint, secrets), **named}
