"""Mistral, which speaks OpenAI's API.

Sources: https://docs.mistral.ai/api; settings and defaults are those of Elasticsearch's service, the limit of tokens in
a request is the one that the API names when it is passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.task_type import TaskType
from headpond.services._configuration import API_KEY, EMBEDDING, MODEL_ID, RATE_LIMIT, URL, Setting
from headpond.services._openai.compatible import Compatible


class Mistral(Compatible):
    """Service `mistral`: `text_embedding`, `completion` and `chat_completion`.

    Service settings: `api_key`, `model` (required); `url` (the API's base), `rate_limit.requests_per_minute` (240); for
    embeddings `dimensions`, which is what the model gives and not sent, `similarity` (`dot_product`),
    `max_input_tokens`.
    """

    name = "mistral"
    display_name = "Mistral"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "api_key": API_KEY,
        "model": MODEL_ID,
        "url": URL,
        "rate_limit.requests_per_minute": RATE_LIMIT,
        **EMBEDDING,
    }
    settings_order = ("model", "url", "dimensions", "similarity", "max_input_tokens", "rate_limit")
    default_similarity = "dot_product"
    requests_per_minute = 240
    max_inputs = 96
    max_request_tokens = 16_384
    base_url = "https://api.mistral.ai"
    embeddings_url = "/v1/embeddings"
    chat_url = "/v1/chat/completions"
    model_setting = "model"
    tokens_member = "max_tokens"
    sends_stream_options = False

    def embeddings_body(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest, texts: list[str]
    ) -> dict[str, Any]:
        """Asks for numbers."""
        return {"model": self.model(endpoint), "input": texts, "encoding_format": "float"}
