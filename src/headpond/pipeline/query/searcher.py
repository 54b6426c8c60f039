"""A pipeline's query side on a target: request processors, retrieval, response processors.

Query texts are embedded and `rrf`, `linear` and `text_similarity_reranker` are computed here, on the client, whatever
the target is. Elasticsearch has these retrievers in paid licences only, and fails a whole search when its reranker
fails; computed here, one file ranks the same on the pond, on a basic licence and on an Enterprise one, a failing leg
costs that leg alone, and nothing has to be rewritten. The legs travel in one `_msearch`; standard and knn retrievers
and plain queries go to the target as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elasticsearch import Elasticsearch

from headpond.errors import HeadpondError
from headpond.inference.duration import parse_duration
from headpond.pipeline.query import template
from headpond.pipeline.query.field_models import FieldModels
from headpond.pipeline.query.finish import finish
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.retrieve.retrieve import retrieve
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.pipeline.query.text import query_text
from headpond.pipeline.query.widen import check_window, widened
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.request.base import SearchRequest


class Searcher:
    """Sends searches through a pipeline; kept by who searches often, because it remembers.

    Args:
        spec: the pipeline.
        client: of the target; asks endpoints.
    """

    def __init__(self, spec: PipelineSpec, client: Elasticsearch) -> None:
        self.spec = spec
        self._inference = ClientInference(client)
        self._seconds = parse_duration(spec.file.deadline, "deadline") if spec.file.deadline else None
        self._models: dict[str, FieldModels] = {}

    def run(
        self,
        searches: Searches,
        asked: Body,
        text: str | None = None,
        *,
        seconds: float | None = None,
        on_piece: Callable[[str], None] | None = None,
    ) -> Answer:
        """The answer to a `_search` body.

        Args:
            searches: where it goes.
            asked: what is asked for; left as it is.
            text: the words of the query; None finds them in the body.
            seconds: how long it may take; None for the pipeline's `deadline`.
            on_piece: takes the pieces of a text that a processor writes, while it comes.

        Returns:
            A `_search` answer, cut to the page that was asked for. `degraded` is there when a part could not be done,
            `[{"stage", "reason", "spent_ms"}]`.

        Raises:
            PipelineError: the target or this client refuses the body, or it would compare vectors of two models.
            ApiError, TransportError: the target failed.
        """
        deadline = Deadline(self._seconds if seconds is None else seconds)
        text = query_text(asked) if text is None else text
        request = SearchRequest(asked, text, self._inference, self._template, deadline)
        self._prepare(request)
        where = self.spec.where.at("search")
        check_window(request.body, where)
        wide = widened(self.spec.response_processors, request.body, window=request.window)
        models = self._models.setdefault(searches.index, FieldModels(searches.client, searches.index))
        answer = retrieve(searches, wide, where, models=models, inference=self._inference, deadline=deadline)
        degraded = [item.to_json() for item in request.degraded] + answer.get("degraded", [])
        if degraded:
            answer["degraded"] = degraded
        return finish(
            self.spec.response_processors,
            self._inference,
            answer,
            request.query,
            asked,
            deadline,
            context=request.context,
            on_piece=on_piece,
        )

    def finish(self, answer: Answer, text: str | None, page: Body, deadline: Deadline | None = None) -> Answer:
        """Passes the hits of an answer through the response processors and cuts them to a page.

        Args:
            answer: to any `_search`.
            text: the words of the query, None when it has none.
            page: a body with the `from` and `size` to cut to.
            deadline: of the whole search; None begins one.
        """
        deadline = deadline or Deadline(self._seconds)
        return finish(self.spec.response_processors, self._inference, answer, text, page, deadline)

    def _prepare(self, request: SearchRequest) -> None:
        for stage in self.spec.request_processors:
            before = request.body, request.query
            try:
                stage.process(request)
            except HeadpondError:
                raise
            except Exception as error:  # a fault of a stage must not cost the search
                request.body, request.query = before
                spent = request.deadline.spent_ms
                request.degraded.append(Degraded(stage.name, f"{type(error).__name__}: {error}", spent))

    def _template(self, body: Body | None, values: dict[str, Any]) -> Body:
        where = self.spec.where.at("search")
        if body is None:
            body = self.spec.file.search
        if body is None:
            raise self.spec.where.error("the pipeline has no `search`, so there is no template to fill")
        filled: Body = template.render(body, values, where)
        return filled
