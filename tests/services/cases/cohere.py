from typing import Any

from tests.services.case import SECRET, Case
from tests.services.cases.openai import bearer
from tests.services.conftest import cohere_answer


def _case(task_type: str, **more: Any) -> Case:
    return Case(
        service="cohere",
        task_type=task_type,
        settings=lambda url: {"api_key": SECRET, "model_id": "m", "url": url},
        answer=cohere_answer,
        error=lambda message: {"message": message},
        authorized=bearer,
        required=("api_key",),
        retried=(429, 500),
        checked=("published schema",),
        **more,
    )


CASES = [_case("text_embedding", max_inputs=96), _case("rerank")]
