"""Requests on their way to a target: those that search pass through the pipelines, all others are left alone.

`Handler.take` reads a request, quickly and without asking anybody; `Work.run` does what there is to do, in any thread.
The hooked clients and the application of `headpond serve --hook` are both made of these two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig, TransportApiResponse
from elasticsearch import ApiError, Elasticsearch

from headpond import exact_json
from headpond.errors import HeadpondError
from headpond.hooked import async_search, many
from headpond.hooked.async_search import AsyncSearches
from headpond.hooked.door import Door, Transport
from headpond.hooked.hooks import Hook
from headpond.hooked.one import One, Passage, SwitchError, failed, failure
from headpond.hooked.searches import RequestSearches
from headpond.hooked.url import into_body, joined, segments, split
from headpond.node.filter_path import filter_path
from headpond.pipeline.query.searches import Answer

Body = dict[str, Any]
_META = ApiResponseMeta(
    200, "1.1", HttpHeaders({"content-type": "application/json"}), 0.0, NodeConfig("http", "localhost", 9200)
)
"""Of an answer for which nobody had to be asked."""


@dataclass(frozen=True, slots=True)
class Work:
    """A request that has to do with a pipeline.

    Attributes:
        do: what there is to do; gives the body of the answer.
        paths: `filter_path` of the request, applied when everything else is done.
        plain_total: whether totals of hits are numbers.
    """

    do: Callable[[Elasticsearch, Door], Answer]
    paths: str | None = None
    plain_total: bool = False

    def run(
        self, client: Elasticsearch, transport: Transport, headers: Mapping[str, str], options: Mapping[str, Any]
    ) -> TransportApiResponse:
        """The answer; what the target refuses comes back as the target said it.

        Args:
            client: of the target, for what searches have to look up.
            transport: sends the searches.
            headers: of the request.
            options: others of its options.

        Raises:
            TransportError: the target does not answer.
        """
        door = Door(transport, headers, options)
        try:
            answer = self.do(client, door)
        except ApiError as error:
            return TransportApiResponse(error.meta, error.body)
        except SwitchError as error:
            answer = failure(400, "illegal_argument_exception", str(error))
        except HeadpondError as error:
            answer = failed(error)
        meta = door.meta or _META
        if "error" in answer and "status" in answer:
            headers = HttpHeaders({**meta.headers, "x-elastic-product": "Elasticsearch"})
            return TransportApiResponse(replace(meta, status=answer["status"], headers=headers), answer)
        if self.plain_total:
            for found in answer.get("responses", [answer.get("response", answer)]):
                _plain_total(found)
        return TransportApiResponse(meta, answer if self.paths is None else _filtered(answer, self.paths))


class Handler:
    """Finds the searches among requests.

    Args:
        hooks: the pipelines; the first that is for a search's index has it.
    """

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)
        self._async = AsyncSearches()

    def take(self, method: str, target: str, body: Any) -> Work | None:
        """What there is to do for a request; None where it goes on as it is.

        Args:
            method: of HTTP.
            target: path and parameters.
            body: as an object, or for an `_msearch` a list of lines; JSON texts will do.
        """
        path, _, _ = target.partition("?")
        if "search" not in path or method not in ("GET", "POST", "DELETE"):
            return None
        path, params = split(target)
        parts = segments(path)
        if method == "DELETE" or (len(parts) == 2 and parts[0] == "_async_search" and method == "GET"):
            return self._fetch(method, path, parts, params)
        if not parts or len(parts) > 2 or "scroll" in params:
            return None
        index = parts[0] if len(parts) == 2 else "_all"
        try:
            if parts[-1] == "_search":
                return self._search(path, index, params, _object(body, params))
            if parts[-1] == "_async_search" and method == "POST":
                return self._submit(path, index, params, _object(body, params))
            if parts[-1] == "_msearch":
                return self._msearch(path, params.get("index", index), params, _lines(body, params))
        except SwitchError as error:
            answer = failure(400, "illegal_argument_exception", str(error))
            return Work(lambda client, door: answer)
        except ValueError:  # the target says best what is wrong with it
            return None
        return None

    def _search(self, path: str, index: str, params: dict[str, str], body: Body) -> Work | None:
        rest, moved = into_body(_without_source(params), body)
        one = One.of(self._hooks, index, _counted(moved, rest))
        searcher = one.searcher
        if searcher is None:
            if not one.switched:
                return None
            kept, sent = _without_source(params), One.of((), index, body).body
            return Work(lambda client, door: door.ask("POST", joined(path, kept), sent))
        rest, paths, plain = _own(rest)

        def do(client: Elasticsearch, door: Door) -> Answer:
            passage = Passage.begin(searcher, one.body)
            return passage.finish(passage.retrieve(RequestSearches(client, index, door, path, rest)))

        return Work(do, paths, plain)

    def _submit(self, path: str, index: str, params: dict[str, str], body: Body) -> Work | None:
        rest, moved = into_body(_without_source(params), body)
        one = One.of(self._hooks, index, _counted(moved, rest))
        searcher = one.searcher
        if searcher is None or async_search.on_target(one.body, params):
            if not one.switched:
                return None
            kept, sent = _without_source(params), One.of((), index, body).body
            return Work(lambda client, door: door.ask("POST", joined(path, kept), sent))
        rest, paths, plain = _own(rest)

        def do(client: Elasticsearch, door: Door) -> Answer:
            return async_search.submit(self._async, searcher, one.body, client, index, door, path, rest)

        return Work(do, paths, plain)

    def _fetch(self, method: str, path: str, parts: list[str], params: dict[str, str]) -> Work | None:
        if len(parts) != 2 or parts[0] != "_async_search":
            return None
        if method == "DELETE":
            self._async.forget(parts[1])
            return None
        passage = self._async.find(parts[1])
        if passage is None:
            return None
        rest, paths, plain = _own(params)

        def do(client: Elasticsearch, door: Door) -> Answer:
            return async_search.processed(passage, dict(door.ask("GET", joined(path, rest), None)))

        return Work(do, paths, plain)

    def _msearch(self, path: str, index: str, params: dict[str, str], lines: list[Body]) -> Work | None:
        pairs = zip(lines[::2], lines[1::2], strict=True)
        items = [self._item(header, _counted(body, params), index) for header, body in pairs]
        if not any(item.one.searcher or item.one.switched or item.problem for item in items):
            return None
        rest, paths, plain = _own(_without_source(params))
        rest.pop("rest_total_hits_as_int", None)  # legs have to say whether their totals are exact

        def do(client: Elasticsearch, door: Door) -> Answer:
            return many.run(items, client, door, path, rest)

        return Work(do, paths, plain)

    def _item(self, header: Body, body: Body, index: str) -> many.Item:
        given = header.get("index", header.get("indices")) or index
        name = ",".join(given) if isinstance(given, list) else str(given)
        try:
            return many.Item(header, name, One.of(self._hooks, name, body))
        except SwitchError as error:
            problem = failure(400, "illegal_argument_exception", str(error))
            return many.Item(header, name, One(body, None), problem)


def _own(params: dict[str, str]) -> tuple[dict[str, str], str | None, bool]:
    """The parameters without `filter_path`, which could hide what processors read; that; and how totals are shown."""
    rest = {name: value for name, value in params.items() if name != "filter_path"}
    return rest, params.get("filter_path") or None, _wants_numbers(params)


def _wants_numbers(params: Mapping[str, str]) -> bool:
    return params.get("rest_total_hits_as_int") in ("", "true")


def _counted(body: Body, params: Mapping[str, str]) -> Body:
    """A body whose hits are all counted where totals are numbers, which say nothing of being exact."""
    return {"track_total_hits": True, **body} if _wants_numbers(params) else body


def _without_source(params: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if name not in ("source", "source_content_type")}


def _object(body: Any, params: Mapping[str, str]) -> Body:
    """A body as an object.

    Raises:
        ValueError: it is none.
    """
    if body is None or body in (b"", ""):
        body = params.get("source", "{}")
    found = _parsed(body)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _lines(body: Any, params: Mapping[str, str]) -> list[Body]:
    """The lines of an `_msearch` as objects; an even number.

    Raises:
        ValueError: they are malformed.
    """
    if body is None or body in (b"", ""):
        body = params.get("source", "")
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes):
        if not body.endswith(b"\n"):
            raise ValueError("the last line does not end")
        body = [line or b"{}" for line in body[:-1].split(b"\n")]
    lines = [_parsed(line) for line in body]
    if not lines or len(lines) % 2 or not all(isinstance(line, dict) for line in lines):
        raise ValueError("not pairs of objects")
    return lines


def _parsed(value: Any) -> Any:
    if isinstance(value, str):
        value = value.encode()
    return exact_json.loads(value) if isinstance(value, bytes) else value


def _plain_total(answer: Answer) -> None:
    total = answer.get("hits", {}).get("total")
    if isinstance(total, dict):
        answer["hits"]["total"] = total["value"]


def _filtered(answer: Answer, paths: str) -> Answer:
    """The parts that were asked for; that a search is degraded is always said."""
    kept: Answer = filter_path(answer, paths)
    return {**kept, "degraded": answer["degraded"]} if "degraded" in answer else kept
