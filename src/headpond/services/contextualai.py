"""Contextual AI: rerank with instructions.

Sources: https://docs.contextual.ai/api-reference/rerank/rerank; settings, defaults and texts are those of
Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Result
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import KEYED, Setting
from headpond.services._http.address import address
from headpond.services._http.messages import detail
from headpond.services._http.provider import Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.rules import SERVER_ERROR, Rule, Rules
from headpond.services._openai import errors

BASE_URL = "https://api.contextual.ai"


class ContextualAI(Provider):
    """Service `contextualai`: `rerank`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `rate_limit.requests_per_minute` (1000).
    Task settings: `instruction` (what counts, beyond the query), `top_n` (also called `top_k`), `return_documents`.
    """

    name = "contextualai"
    display_name = "Contextual AI"
    task_types = (TaskType.RERANK,)
    configuration: ClassVar[Mapping[str, Setting]] = KEYED
    settings_order = ("model_id", "url", "rate_limit")
    requests_per_minute = 1000
    rules = Rules(exact={503: Rule(SERVER_ERROR, retry=True)})

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The model."""
        shown = {
            "model_id": settings.required_text("model_id"),
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        return shown, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of rerank."""
        top_n, top_k = settings.positive("top_n"), settings.positive("top_k")
        return {
            "return_documents": settings.flag("return_documents"),
            "top_n": top_n or top_k,
            "instruction": settings.text("instruction"),
        }

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token."""
        return {"authorization": f"Bearer {secrets['api_key']}"}

    def message_of(self, body: Any) -> str | None:
        """`{"detail": "..."}`, or `{"message": "..."}`."""
        return detail(body) if "detail" in body else errors.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`POST /v1/rerank`."""
        settings = self.effective(endpoint, request)
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        body: dict[str, Any] = {
            "query": request.require_query(),
            "documents": list(request.input),
            "model": endpoint.service_settings["model_id"],
            "top_n": settings.get("top_n") if request.top_n is None else request.top_n,
            "instruction": settings.get("instruction"),
        }
        body = {name: value for name, value in body.items() if value is not None}
        # The provider gives no texts back; where they are wanted they are the request's.
        read = partial(read_ranking, documents=request.input, with_text=bool(with_text), answer="Contextual AI rerank")
        return self.send(endpoint, secrets, address(endpoint, BASE_URL, "/v1/rerank"), body, read, deadline)
