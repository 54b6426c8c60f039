"""AI21, which speaks OpenAI's API.

Sources: https://docs.ai21.com/reference/jamba-1-6-api-ref; settings and defaults are those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from headpond.inference.task_type import TaskType
from headpond.services._configuration import KEYED, Setting
from headpond.services._openai.compatible import Compatible


class AI21(Compatible):
    """Service `ai21`: `completion` and `chat_completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `rate_limit.requests_per_minute` (200).
    """

    name = "ai21"
    display_name = "AI21"
    task_types = (TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = KEYED
    requests_per_minute = 200
    base_url = "https://api.ai21.com"
    chat_url = "/studio/v1/chat/completions"
    tokens_member = "max_tokens"
