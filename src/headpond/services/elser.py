"""The old name of sparse embeddings by a local model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headpond.inference.endpoint import Endpoint
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.services.elasticsearch import Elasticsearch


class Elser(Elasticsearch):
    """Service `elser`, deprecated since Elasticsearch 8.16: `elasticsearch` with a default model.

    Endpoints are stored and shown with the service `elasticsearch`, as Elasticsearch does it.
    """

    name = "elser"
    display_name = "ELSER"
    task_types = (TaskType.SPARSE_EMBEDDING,)
    default_model = ".elser_model_2"

    def parse(self, inference_id: str, task_type: TaskType, config: Mapping[str, Any]) -> tuple[Endpoint, Secrets]:
        """Reads the settings under its own name, for messages, and gives the endpoint the new one."""
        endpoint, secrets = super().parse(inference_id, task_type, config)
        return replace(endpoint, service=Elasticsearch.name), secrets

    @classmethod
    def builtin(cls) -> list[Endpoint]:
        """None of its own."""
        return []
