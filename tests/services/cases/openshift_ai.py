from typing import Any

from tests.services.cases.openai import compatible_case
from tests.services.conftest import cohere_answer

SHARED: dict[str, Any] = {"required": ("api_key", "url"), "checked": ("OpenAI's SDK",)}
CASES = [
    compatible_case("openshift_ai", "text_embedding", "/v1/embeddings", max_inputs=20, **SHARED),
    compatible_case(
        "openshift_ai", "rerank", "/v1/rerank", answer=cohere_answer, **{**SHARED, "checked": ("published schema",)}
    ),
    compatible_case("openshift_ai", "completion", "/v1/chat/completions", **SHARED),
    compatible_case("openshift_ai", "chat_completion", "/v1/chat/completions", **SHARED),
]
