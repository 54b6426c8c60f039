"""NVIDIA's models as services, hosted by NVIDIA or oneself: OpenAI's API, and a rerank of their own.

Sources: https://docs.nvidia.com/nim/nemo-retriever/text-embedding and .../text-reranking; settings and defaults are
those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.input_type import InputType
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Rerank, Result, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import KEYED, MAX_INPUT_TOKENS, SIMILARITY, Setting
from headpond.services._http.input_types import translated
from headpond.services._http.ranking import read_ranking
from headpond.services._openai.compatible import Compatible

_INPUT_TYPES: Mapping[InputType, str] = {
    InputType.INGEST: "passage",
    InputType.INTERNAL_INGEST: "passage",
    InputType.SEARCH: "query",
    InputType.INTERNAL_SEARCH: "query",
}


class Nvidia(Compatible):
    """Service `nvidia`: `text_embedding`, `rerank`, `completion` and `chat_completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the whole address of what is asked),
    `rate_limit.requests_per_minute` (3000); for embeddings `similarity` (`dot_product`), `max_input_tokens`. Task
    settings of embeddings: `input_type` (`ingest`, `search`) and `truncate` (`NONE`, `START`, `END`).

    The API of rerank has neither `top_n` nor texts in its answer: the ranking is cut, and texts are filled in, here.
    """

    name = "nvidia"
    display_name = "Nvidia"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        "similarity": SIMILARITY,
        "max_input_tokens": MAX_INPUT_TOKENS,
    }
    default_similarity = "dot_product"
    requests_per_minute = 3000
    max_inputs = 20
    embeddings_url = "https://integrate.api.nvidia.com/v1/embeddings"
    chat_url = "https://integrate.api.nvidia.com/v1/chat/completions"
    rerank_url = "https://ai.api.nvidia.com/v1/retrieval/nvidia/reranking"
    tokens_member = "max_tokens"
    sends_stream_options = False

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings; others have none."""
        if task_type is not TaskType.TEXT_EMBEDDING:
            return {}
        truncate = settings.choice("truncate", ("none", "start", "end"))
        input_type = settings.choice("input_type", ("ingest", "search"))
        return {"input_type": input_type, "truncate": truncate.upper() if truncate else None}

    def options(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest | None
    ) -> dict[str, Any]:
        """What the texts are for, which the models must know, and how they are cut."""
        options = super().options(endpoint, settings, request)
        if endpoint.task_type is TaskType.TEXT_EMBEDDING and request is not None:
            options["input_type"] = translated(request, settings, _INPUT_TYPES, self.display_name) or "query"
            if truncate := settings.get("truncate"):
                options["truncate"] = truncate
        return options

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """A ranking besides."""
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        return super().infer(endpoint, secrets, request, deadline)

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        body = {
            "model": self.model(endpoint),
            "query": {"text": request.require_query()},
            "passages": [{"text": text} for text in request.input],
        }
        read = partial(
            read_ranking,
            documents=request.input,
            with_text=bool(request.return_documents),
            answer="Nvidia rerank",
            results="rankings",
            score="logit",
        )
        found = self.send(endpoint, secrets, self.url(endpoint), body, read, deadline)
        return Rerank(found.ranked[: request.top_n], Usage(len(request.input)))
