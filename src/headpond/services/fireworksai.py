"""Fireworks AI, which speaks OpenAI's API.

Sources: https://docs.fireworks.ai/api-reference; settings and defaults are those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._http.rules import SERVER_ERROR, Rule, Rules
from headpond.services._openai.compatible import Compatible


class FireworksAI(Compatible):
    """Service `fireworksai`: `text_embedding`, `completion` and `chat_completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the whole address of what is asked),
    `rate_limit.requests_per_minute` (6000); for embeddings `dimensions`, `similarity` (`cosine`), `max_input_tokens`.
    Task settings: `dimensions` for embeddings, which wins over that of the endpoint; `user` and `headers` for
    completions.
    """

    name = "fireworksai"
    display_name = "Fireworks AI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {**KEYED, **EMBEDDING}
    settings_order = ("model_id", "url", "similarity", "dimensions", "max_input_tokens", "rate_limit")
    requests_per_minute = 6000
    max_inputs = 2048
    embeddings_url = "https://api.fireworks.ai/inference/v1/embeddings"
    chat_url = "https://api.fireworks.ai/inference/v1/chat/completions"
    takes_user = True
    rules = Rules(exact={503: Rule(SERVER_ERROR)})

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings or of completions."""
        if task_type is TaskType.TEXT_EMBEDDING:
            return {"dimensions": settings.positive("dimensions")}
        return super().task_settings(task_type, settings)

    def options(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest | None
    ) -> dict[str, Any]:
        """The dimensions of the task settings besides."""
        chosen = {"dimensions": settings["dimensions"]} if "dimensions" in settings else {}
        return {**super().options(endpoint, settings, request), **chosen}
