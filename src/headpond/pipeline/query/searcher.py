"""A pipeline's query side on a target: request processors, retrieval, response processors.

Query texts are embedded and `rrf`, `linear` and `text_similarity_reranker` are computed here, on the client, whatever
the target is. Elasticsearch has these retrievers in paid licences only, and fails a whole search when its reranker
fails; computed here, one file ranks the same on the pond, on a basic licence and on an Enterprise one, a failing leg
costs that leg alone, and nothing has to be rewritten. The legs travel in one `_msearch`; standard and knn retrievers
and plain queries go to the target as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from headpond.errors import HeadpondError
from headpond.inference.duration import parse_duration
from headpond.pipeline.query import template
from headpond.pipeline.query.caches import Caches
from headpond.pipeline.query.capabilities import Capabilities
from headpond.pipeline.query.field_models import FieldModels
from headpond.pipeline.query.finish import finish
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.retrieve.retrieve import retrieve
from headpond.pipeline.query.retrieve.section import with_retriever
from headpond.pipeline.query.searches import Answer, Body, Searches
from headpond.pipeline.query.text import query_text, without_ext
from headpond.pipeline.query.timed import timed
from headpond.pipeline.query.widen import check_window, widened
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.request.base import SearchRequest
from headpond.stages.where import Where

MOST_INDICES = 1000
"""Index expressions of which something is remembered."""

LATE = "the target ran out of time: these are the hits that it had found by then"


@dataclass(slots=True)
class Search:
    """A search between its parts.

    Attributes:
        asked: the body as it came.
        request: what request processors made of it.
        body: what is looked for: as many hits as the response processors want to see.
        where: the body's place, for errors.
        responds: whether response processors see the hits.
    """

    asked: Body
    request: SearchRequest
    body: Body
    where: Where
    responds: bool


class Searcher:
    """Sends searches through a pipeline; kept by who searches often, because it remembers.

    Args:
        spec: the pipeline.
        client: of the target; asks endpoints.

    Attributes:
        spec: as given.
        caches: what it remembers of inference; `caches.stats()` counts.
    """

    def __init__(self, spec: PipelineSpec, client: Elasticsearch) -> None:
        self.spec = spec
        self._client = client
        self.caches = Caches(spec.file.cache)
        self._inference = ClientInference(client, self.caches)
        self._seconds = parse_duration(spec.file.deadline, "deadline") if spec.file.deadline else None
        self._models: dict[str, FieldModels] = {}
        self._capabilities = Capabilities()

    def run(
        self,
        searches: Searches,
        asked: Body,
        text: str | None = None,
        *,
        seconds: float | None = None,
        explain: bool = False,
        on_piece: Callable[[str], None] | None = None,
    ) -> Answer:
        """The answer to a `_search` body.

        Args:
            searches: where it goes.
            asked: what is asked for; left as it is.
            text: the words of the query; None finds them in the body.
            seconds: how long it may take; None for the pipeline's `deadline`.
            explain: whether hits say what each leg of a compound retriever added, in `_headpond.legs`.
            on_piece: takes the pieces of a text that a processor writes, while it comes.

        Returns:
            A `_search` answer, cut to the page that was asked for. `degraded` is there when a part could not be done,
            `[{"stage", "reason", "spent_ms"}]`.

        Raises:
            PipelineError: the target or this client refuses the body, or it would compare vectors of two models.
            ApiError, TransportError: the target failed.
        """
        search = self.prepare(asked, text, seconds=seconds, where=self.spec.where.at("search"))
        return self.respond(search, self.retrieve(searches, search, explain=explain), on_piece=on_piece)

    def prepare(
        self,
        asked: Body,
        text: str | None = None,
        *,
        seconds: float | None = None,
        where: Where | None = None,
        responds: bool = True,
    ) -> Search:
        """The first part of a search: request processors, and how many hits are looked for.

        Args:
            asked: a `_search` body; left as it is.
            text: the words of the query; None finds them in the body.
            seconds: how long the whole search may take; None for the pipeline's `deadline`.
            where: the body's place in the pipeline's file, for errors; None when it is somebody else's.
            responds: whether response processors will see the hits.

        Raises:
            PipelineError: this client refuses the body.
        """
        deadline = Deadline(self._seconds if seconds is None else seconds)
        text = query_text(asked) if text is None else text
        request = SearchRequest(asked, text, self._inference, self._template, deadline)
        self._prepare(request)
        request.body = with_retriever(request.body)
        where = where or Where()
        check_window(request.body, where)
        if responds:
            body = widened(self.spec.response_processors, request.body, window=request.window)
        else:
            body = without_ext(request.body)
        return Search(asked, request, body, where, responds)

    def retrieve(self, searches: Searches, search: Search, *, explain: bool = False) -> Answer:
        """The second part: the answer before response processors; raises as `run`."""
        begun, deadline = search.request.deadline.spent_ms, search.request.deadline
        answer = retrieve(
            timed(searches, deadline),
            search.body,
            search.where,
            models=self._field_models(searches),
            inference=self._inference,
            deadline=deadline,
            capabilities=self._capabilities,
            explain=explain,
        )
        degraded = [item.to_json() for item in search.request.degraded] + answer.get("degraded", [])
        if answer.get("timed_out"):
            late = Degraded(search.where.path or "search", LATE, deadline.spent_ms - begun)
            degraded.append(late.to_json())
        return {**answer, "degraded": degraded} if degraded else answer

    def respond(
        self,
        search: Search,
        answer: Answer,
        *,
        deadline: Deadline | None = None,
        on_piece: Callable[[str], None] | None = None,
    ) -> Answer:
        """The last part: response processors, and the page that was asked for.

        Args:
            search: what was looked for.
            answer: what was found.
            deadline: for the processors; None for the search's own.
            on_piece: as for `run`.
        """
        if not search.responds:
            return answer
        return finish(
            self.spec.response_processors,
            self._inference,
            answer,
            search.request.query,
            search.asked,
            deadline or search.request.deadline,
            on_piece=on_piece,
        )

    def _field_models(self, searches: Searches) -> FieldModels:
        """What is known of the index, to be looked up as who searches it now."""
        known = self._models.get(searches.index)
        if known is None:
            if len(self._models) >= MOST_INDICES:
                self._models.clear()
            # Kept with the pipeline's own client: another caller's must not be.
            known = self._models[searches.index] = FieldModels(
                self._client, searches.index, self._inference.fingerprints
            )
        return known.asked_by(searches.client)

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
