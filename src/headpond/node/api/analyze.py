"""`_analyze`: what an analyzer makes of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.analysis.analyzer import Analyzer, Token
from headpond.node.call import Call, illegal_argument
from headpond.node.router import route
from headpond.node.store.index import Index
from headpond.node.store.operation import validation

if TYPE_CHECKING:
    from headpond.node.node import Node

FIELDS = frozenset(
    {"analyzer", "attributes", "char_filter", "explain", "field", "filter", "normalizer", "text", "tokenizer"}
)


@route("GET", "POST", "/_analyze", params=("index",))
@route("GET", "POST", "/{index}/_analyze")
def analyze(node: Node, call: Call) -> dict[str, Any]:
    """Terms by an analyzer: a built-in one, one of the index, that of a field, or one made of parts."""
    name = call.parts.get("index") or call.text("index")
    index = node.indices.one(name) if name else None
    body = call.required_body
    if not isinstance(body, Mapping):
        raise RestError(400, "parse_exception", "request body must be an object")
    for name in body:
        if name not in FIELDS:
            raise RestError(400, "x_content_parse_exception", f"[1:2] [analyze_request] unknown field [{name}]")
    if body.get("explain") in (True, "true"):
        raise RestError(501, "not_implemented_exception", "[explain] in _analyze is not supported by headpond")
    texts = body.get("text")
    if texts is None or texts == []:
        raise validation(["text is missing"])
    analyzer, normalizing = _analyzer(body, index)
    return {
        "tokens": [
            {
                "token": token.term,
                "start_offset": token.start,
                "end_offset": token.end,
                "type": token.type,
                "position": token.position,
            }
            for token in _tokens(analyzer, [texts] if isinstance(texts, str) else texts, 0 if normalizing else None)
        ]
    }


def _analyzer(body: Mapping[str, Any], index: Index | None) -> tuple[Analyzer, bool]:
    """The analyzer that the body asks for; and whether it is a keyword's."""
    analysis = index.metadata.analysis if index else Analysis()
    if "tokenizer" in body:
        parts = (body["tokenizer"], _listed(body.get("filter")), _listed(body.get("char_filter")))
        return analysis.custom(*parts), False
    if "filter" in body or "char_filter" in body:
        if "analyzer" in body or "field" in body:
            raise validation(["tokenizer/analyze should be null if normalizer is specified"])
        return analysis.custom("keyword", _listed(body.get("filter")), _listed(body.get("char_filter"))), True
    if "normalizer" in body:
        if index is None:
            raise validation(["index is required if normalizer is specified"])
        return analysis.normalizer(body["normalizer"]), True
    if "analyzer" in body:
        name = body["analyzer"]
        if index is not None and not analysis.has_analyzer(name):
            raise illegal_argument(f"failed to find analyzer [{name}]")
        return analysis.analyzer(name), False
    if "field" in body:
        if index is None:
            raise illegal_argument("analysis based on a specific field requires an index")
        field = index.mapping.field(body["field"])
        if field is not None and field.type == "text":
            return field.analyzer, False  # type: ignore[attr-defined]
        if field is not None and field.type == "keyword":
            normalizer = field.normalizer  # type: ignore[attr-defined]
            return normalizer or analysis.custom("keyword", [], []), True
        if field is not None:
            raise illegal_argument(
                f"Can't process field [{body['field']}], Analysis requests are only supported on tokenized fields"
            )
    return analysis.analyzer("default"), False


def _tokens(analyzer: Analyzer, texts: list[Any], gap: int | None) -> list[Token]:
    """The tokens of all texts, positions and offsets going on from one to the next."""
    found: list[Token] = []
    position = offset = 0
    between = analyzer.position_increment_gap if gap is None else gap
    for text in texts:
        tokens = analyzer.tokens(str(text))
        units = _utf16_offsets(str(text))
        found += [
            token._replace(
                position=token.position + position,
                start=units[token.start] + offset,
                end=units[token.end] + offset,
            )
            for token in tokens
        ]
        position += len(analyzer.slots(str(text))) + between
        offset += units[-1] + 1
    return found


def _utf16_offsets(text: str) -> Sequence[int]:
    """For each character, and for the end, where it stands in UTF-16, in which Elasticsearch counts."""
    if not text or max(text) < "\U00010000":
        return range(len(text) + 1)
    return [0, *accumulate(2 if character >= "\U00010000" else 1 for character in text)]


def _listed(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, list) else [given]
