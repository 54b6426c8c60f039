"""The `_ml/trained_models` API without HTTP: models are uploaded, shown and deleted."""

from __future__ import annotations

import uuid
from typing import Any

from headpond.inference.invalid import status_exception
from headpond.models.vocabulary import Vocabulary
from headpond.node.store.database import Database
from headpond.node.trained_models import ids, stats
from headpond.node.trained_models.deployments import Deployments
from headpond.node.trained_models.reading import read_model
from headpond.node.trained_models.running import RunningDeployments
from headpond.node.trained_models.trained_model import TrainedModel
from headpond.node.trained_models.uploads import Part, Uploads


class TrainedModels:
    """The trained models of a node; its errors are Elasticsearch's.

    Args:
        database: the node's.

    Attributes:
        deployments: what is deployed of them.
    """

    def __init__(self, database: Database) -> None:
        self._uploads = Uploads(database)
        self._running = RunningDeployments(database)
        self.deployments = Deployments(self._uploads, self._running)

    def put(self, model_id: str, body: Any, raw: bytes) -> dict[str, Any]:
        """Makes a model, without definition and vocabulary.

        Raises:
            RestError: 400, the body is wrong, or the id is taken; 501, a kind of model that is not there.
        """
        model = read_model(model_id, uuid.uuid4().hex, body, raw)
        if self._running.find(model_id) is not None:
            reason = f"Cannot create model [{model_id}] the id is the same as an current model deployment"
            raise status_exception(400, reason)
        self._uploads.add(model)
        return model.to_json()

    def put_part(self, model_id: str, part: Part, content: bytes) -> None:
        """Keeps a part of a definition; errors as of `Uploads.add_part`."""
        self._uploads.add_part(model_id, part, content)

    def put_vocabulary(self, model_id: str, vocabulary: Vocabulary) -> None:
        """Keeps a model's vocabulary.

        Raises:
            RestError: 404, there is no such model; 400, it has one already, or its tokenizer needs more than was sent.
        """
        kind = self._uploads.get(model_id).tokenization.kind
        needed = {"roberta": ("merges", vocabulary.merges), "xlm_roberta": ("scores", vocabulary.scores)}
        needed["deberta_v2"] = needed["xlm_roberta"]
        name, given = needed.get(kind, ("", ("nothing",)))
        if not given:
            reason = f"cannot put vocabulary for model [{model_id}] as tokenizer type [{kind}] requires [{name}]"
            raise status_exception(400, f"{reason} to be provided and non-empty")
        self._uploads.add_vocabulary(model_id, vocabulary)

    def get(
        self,
        expression: str | None,
        *,
        allow_no_match: bool = True,
        tags: tuple[str, ...] = (),
        status: bool = False,
        generated: bool = True,
        start: int = 0,
        size: int = 100,
    ) -> dict[str, Any]:
        """Models as GET shows them.

        Args:
            expression: ids, wildcards, `_all`; None means all.
            allow_no_match: whether a wildcard may match nothing.
            tags: those that a model must all have.
            status: whether to say if the definition is whole.
            generated: whether to show what another cluster would make by itself.
            start: how many to pass over.
            size: how many to show.

        Raises:
            RestError: 404, nothing has this id.
        """
        models = [model for model in self._chosen(expression, allow_no_match) if set(tags) <= set(model.tags)]
        shown = []
        for model in models[start : start + size]:
            described = model.to_json(generated=generated)
            if status:
                prefixes = described.pop("prefix_strings", None)
                described["fully_defined"] = self._uploads.defined(model.model_id)
                described |= {"prefix_strings": prefixes} if prefixes else {}
            shown.append(described)
        return {"count": len(models), "trained_model_configs": shown}

    def stats(
        self, expression: str | None, *, allow_no_match: bool = True, start: int = 0, size: int = 100
    ) -> dict[str, Any]:
        """Statistics of models and of their deployments; arguments and errors as for `get`."""
        models = self._chosen(expression, allow_no_match)
        shown = [
            row
            for model in models[start : start + size]
            for row in stats.rows(model, self._running.of_model(model.model_id))
        ]
        return {"count": len(models), "trained_model_stats": shown}

    def delete(self, model_id: str, *, force: bool = False) -> None:
        """Forgets a model with everything of it.

        Raises:
            RestError: 404, there is none; 409, it is deployed and is not to be stopped by force.
        """
        self._uploads.get(model_id)
        deployed = self._running.of_model(model_id)
        if deployed and not force:
            reason = f"Cannot delete model [{model_id}] as it is currently deployed; use force to delete the model"
            raise status_exception(409, reason)
        for running in deployed:
            self._running.remove(running.deployment.deployment_id)
        self._uploads.remove(model_id)

    def close(self) -> None:
        """Lets threads end and removes temporary files."""
        self.deployments.close()
        self._uploads.close()

    def _chosen(self, expression: str | None, allow_no_match: bool) -> list[TrainedModel]:
        models = {model.model_id: model for model in self._uploads.all()}
        return [models[name] for name in ids.chosen(expression, list(models), allow_no_match=allow_no_match)]
