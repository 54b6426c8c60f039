"""What a service's settings are, for people: the answer of `GET _inference/_services` and the reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from headpond.inference.task_type import TaskType

Kind = Literal["str", "int", "list", "bool", "map"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One service setting.

    Attributes:
        label: its name for people.
        description: what it is for.
        type: of its value.
        required: whether a PUT without it is refused.
        sensitive: whether it is kept with the secrets.
        updatable: whether `_update` changes it.
        default: what stands for it when it is not given.
        task_types: those that have it; None for all of the service's.
    """

    label: str
    description: str
    type: Kind = "str"
    required: bool = False
    sensitive: bool = False
    updatable: bool = False
    default: Any = None
    task_types: tuple[TaskType, ...] | None = None

    def only(self, *task_types: TaskType) -> Setting:
        """The same for some task types."""
        return replace(self, task_types=task_types)

    def described(self, description: str) -> Setting:
        """The same with another description."""
        return replace(self, description=description)

    def optional(self) -> Setting:
        """The same where it need not be given."""
        return replace(self, required=False)

    def needed(self) -> Setting:
        """The same where it must be given."""
        return replace(self, required=True)

    def to_json(self, task_types: Iterable[TaskType]) -> dict[str, Any]:
        """As Elasticsearch's `SettingsConfiguration` is shown.

        Args:
            task_types: all of the service's.
        """
        shown = {} if self.default is None else {"default_value": self.default}
        return {
            **shown,
            "description": self.description,
            "label": self.label,
            "required": self.required,
            "sensitive": self.sensitive,
            "updatable": self.updatable,
            "type": self.type,
            "supported_task_types": [str(task) for task in self.task_types or tuple(task_types)],
        }


API_KEY = Setting(
    "API Key", "The provider's key; kept apart and never shown.", required=True, sensitive=True, updatable=True
)
MODEL_ID = Setting("Model ID", "The name of the model that answers.", required=True)
URL = Setting("URL", "Where requests go, instead of the provider's own address.")
RATE_LIMIT = Setting("Rate Limit", "Requests a minute; more wait for their turn.", type="int", updatable=True)
ORGANIZATION_ID = Setting("Organization ID", "The organisation that pays, for keys that belong to several.")
DIMENSIONS = Setting("Dimensions", "How long vectors are to be, where the model lets one choose.", type="int").only(
    TaskType.TEXT_EMBEDDING
)
SIMILARITY = Setting("Similarity", "What vectors are compared with: cosine, dot_product or l2_norm.").only(
    TaskType.TEXT_EMBEDDING
)
MAX_INPUT_TOKENS = Setting("Maximum Input Tokens", "Longer texts are cut before they are sent.", type="int").only(
    TaskType.TEXT_EMBEDDING
)

EMBEDDING = {"dimensions": DIMENSIONS, "similarity": SIMILARITY, "max_input_tokens": MAX_INPUT_TOKENS}
"""What most embedding services have."""

KEYED = {"api_key": API_KEY, "model_id": MODEL_ID, "url": URL, "rate_limit.requests_per_minute": RATE_LIMIT}
"""What most services behind a URL have."""
