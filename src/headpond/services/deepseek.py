"""DeepSeek, which speaks OpenAI's API.

Sources: https://api-docs.deepseek.com/api/create-chat-completion; settings and defaults are those of Elasticsearch's
service, which knows no rate limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from headpond.inference.task_type import TaskType
from headpond.services._configuration import KEYED, Setting
from headpond.services._openai.compatible import Compatible


class DeepSeek(Compatible):
    """Service `deepseek`: `completion` and `chat_completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the whole address of chat completions),
    `rate_limit.requests_per_minute` (none).
    """

    name = "deepseek"
    display_name = "DeepSeek"
    task_types = (TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = KEYED
    requests_per_minute = None
    chat_url = "https://api.deepseek.com/chat/completions"
    tokens_member = "max_tokens"
