"""A request of the custom service: its templates, filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from headpond.inference.input_type import InputType
from headpond.inference.request import InferenceRequest
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.services._custom.templates import TemplateError, as_json, as_texts, filled

_PLAIN: Mapping[InputType, InputType] = {
    InputType.INTERNAL_INGEST: InputType.INGEST,
    InputType.INTERNAL_SEARCH: InputType.SEARCH,
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What is sent; all of it may hold secrets.

    Attributes:
        url: with its query.
        headers: names in lower case.
        body: bytes.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def make(
    service_settings: Mapping[str, Any], parameters: Mapping[str, Any], secrets: Secrets, given: Mapping[str, Any]
) -> Filled:
    """Fills the templates of an endpoint.

    Args:
        service_settings: with the templates.
        parameters: of the task settings.
        secrets: the secret parameters.
        given: what a request brings; see `given`. In the body it wins over parameters of the same name.

    Raises:
        TemplateError: a template cannot be filled, or makes no address or header.
    """
    known = {**secrets.reveal(), **parameters}
    texts = as_texts(known)
    headers = {
        name.lower(): _header(filled(value, f"header.{name}", texts), name)
        for name, value in service_settings.get("headers", {}).items()
    }
    query = [
        (name, filled(value, f"query parameters: [{name}]", texts))
        for name, value in service_settings.get("query_parameters", ())
    ]
    url = _url(filled(service_settings["url"], "url", texts), query)
    body = filled(service_settings["request"], "request", {**as_json(known), **as_json(given)})
    return Filled(url, headers, body.encode())


def given(
    task_type: TaskType, request: InferenceRequest, texts: Sequence[str], input_type: Mapping[str, Any]
) -> dict[str, Any]:
    """What templates of bodies may name besides parameters.

    Args:
        task_type: of the endpoint.
        request: its members.
        texts: of this call; a completion has one.
        input_type: `{"translation", "default"}` of the endpoint.
    """
    if task_type is TaskType.COMPLETION:
        return {"input": texts[0]}
    if task_type is TaskType.RERANK:
        asked = {"top_n": request.top_n, "return_documents": request.return_documents}
        named = {name: value for name, value in asked.items() if value is not None}
        return {"input": list(texts), "query": request.require_query(), **named}
    kind = request.input_type
    word = input_type["translation"].get(str(_PLAIN.get(kind, kind)), input_type["default"]) if kind else None
    return {"input": list(texts), "input_type": input_type["default"] if word is None else word}


def _url(text: str, query: Sequence[tuple[str, str]]) -> str:
    """The address with query parameters added to those it has."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or not text.isascii() or not text.isprintable() or " " in text:
        raise TemplateError("The field [url] makes no http or https address after replacement")
    return text if not query else f"{text}{'&' if parts.query else '?'}{urlencode(query)}"


def _header(value: str, name: str) -> str:
    if not value.isascii() or not value.isprintable():
        problem = "makes a value that HTTP does not allow after replacement: printable ASCII characters only"
        raise TemplateError(f"The field [header.{name}] {problem}")
    return value
