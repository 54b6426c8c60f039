"""Llama Stack, and other servers of Llama models that speak OpenAI's API.

Sources: https://github.com/llamastack/llama-stack (its API up to version 0.2); settings and defaults are those of
Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import TextEmbedding
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, URL, Setting
from headpond.services._huggingface.answers import read_embeddings
from headpond.services._openai.compatible import Compatible

OWN_PATH = "/inference/embeddings"
"""Where Llama Stack has embeddings in a form of its own."""


class Llama(Compatible):
    """Service `llama`: `text_embedding`, `completion` and `chat_completion`.

    Service settings: `url` (the whole address of what is asked), `model_id` (required); `api_key`,
    `rate_limit.requests_per_minute` (3000); for embeddings `dimensions`, which is what the model gives and not sent,
    `similarity` (`dot_product`), `max_input_tokens`.

    Embeddings are asked for in Llama Stack's own form where `url` ends with `/inference/embeddings`, as in
    Elasticsearch it must, and in OpenAI's everywhere else, which newer versions of Llama Stack speak.
    """

    name = "llama"
    display_name = "Llama"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "api_key": KEYED["api_key"].optional(),
        "url": URL.needed(),
    }
    default_similarity = "dot_product"
    keyless = True
    requests_per_minute = 3000
    max_inputs = 20
    tokens_member = "max_tokens"
    sends_stream_options = False

    def embeddings_body(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest, texts: list[str]
    ) -> dict[str, Any]:
        """In Llama Stack's form, or in OpenAI's."""
        model = self.model(endpoint)
        return {"model_id": model, "contents": texts} if _speaks_its_own(endpoint) else {"input": texts, "model": model}

    def read_embeddings(self, endpoint: Endpoint, body: Any, count: int) -> TextEmbedding:
        """`{"embeddings": [[...]]}`, or OpenAI's answer."""
        if _speaks_its_own(endpoint):
            return read_embeddings(body, count, answer="Llama embeddings")
        return super().read_embeddings(endpoint, body, count)


def _speaks_its_own(endpoint: Endpoint) -> bool:
    return urlsplit(str(endpoint.service_settings["url"])).path.rstrip("/").endswith(OWN_PATH)
