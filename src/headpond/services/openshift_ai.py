"""OpenShift AI: models served on one's own cluster, mostly by vLLM, which speaks OpenAI's API and Cohere's rerank.

Sources: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html; settings and defaults are those of
Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Rerank, Result
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, MODEL_ID, URL, Setting
from headpond.services._http.ranking import read_ranking
from headpond.services._openai.compatible import Compatible


class OpenShiftAI(Compatible):
    """Service `openshift_ai`: `text_embedding`, `rerank`, `completion` and `chat_completion`.

    Service settings: `url` (the whole address of what is asked), `api_key` (required); `model_id`,
    `rate_limit.requests_per_minute` (3000); for embeddings `dimensions`, `similarity` (`dot_product`),
    `max_input_tokens`. Task settings of rerank: `return_documents`, `top_n`.
    """

    name = "openshift_ai"
    display_name = "OpenShift AI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "model_id": MODEL_ID.optional(),
        "url": URL.needed(),
    }
    default_similarity = "dot_product"
    requests_per_minute = 3000
    max_inputs = 20
    tokens_member = "max_tokens"
    sends_stream_options = False

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of rerank; others have none."""
        if task_type is not TaskType.RERANK:
            return {}
        return {"return_documents": settings.flag("return_documents"), "top_n": settings.positive("top_n")}

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """A ranking besides."""
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        return super().infer(endpoint, secrets, request, deadline)

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        top_n = settings.get("top_n") if request.top_n is None else request.top_n
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        body: dict[str, Any] = {
            "model": self.model(endpoint),
            "query": request.require_query(),
            "documents": list(request.input),
            "top_n": top_n,
            "return_documents": with_text,
        }
        body = {name: value for name, value in body.items() if value is not None}
        read = partial(read_ranking, documents=request.input, with_text=with_text, answer="OpenShift AI rerank")
        return self.send(endpoint, secrets, self.url(endpoint), body, read, deadline)
