"""`response.json_parser` of the custom service: which paths there are, and what is made of what they lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headpond.inference.request import InferenceRequest
from headpond.inference.results import (
    Completion,
    ElementType,
    Ranked,
    Rerank,
    Result,
    SparseEmbedding,
    SparseVector,
    TextEmbedding,
    Usage,
)
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._custom.paths import JsonPath
from headpond.services._http.reading import bytes_, check_count, floats
from headpond.services._http.upstream import MalformedError

Paths = Mapping[str, JsonPath]

_ELEMENTS: Mapping[str, ElementType] = {"float": "float", "byte": "byte", "bit": "bit", "binary": "bit"}
_REQUIRED: Mapping[TaskType, tuple[str, ...]] = {
    TaskType.TEXT_EMBEDDING: ("text_embeddings",),
    TaskType.SPARSE_EMBEDDING: ("token_path", "weight_path"),
    TaskType.RERANK: ("relevance_score",),
    TaskType.COMPLETION: ("completion_result",),
}
_OPTIONAL: Mapping[TaskType, tuple[str, ...]] = {TaskType.RERANK: ("reranked_index", "document_text")}


def parse(task_type: TaskType, settings: Settings) -> dict[str, Any]:
    """Reads and checks a `json_parser`.

    Args:
        task_type: of the endpoint.
        settings: the object; problems are noted there.

    Returns:
        As it is shown.
    """
    shown: dict[str, Any] = {name: settings.text(name, required=True) for name in _REQUIRED[task_type]}
    shown |= {name: settings.text(name) for name in _OPTIONAL.get(task_type, ())}
    shown = {name: text for name, text in shown.items() if text is not None}
    for name, text in shown.items():
        try:
            JsonPath.parse(text)
        except ValueError as error:
            settings.wrong(f"[{name}]: {error}")
    if task_type is TaskType.TEXT_EMBEDDING:
        shown["embedding_type"] = settings.choice("embedding_type", _ELEMENTS) or "float"
    for name in settings.left():
        settings.wrong(f"does not allow the setting [{name}]")
    return shown


def reader(
    task_type: TaskType, parser: Mapping[str, Any], request: InferenceRequest, count: int
) -> Callable[[Any], Result]:
    """Makes the function that reads answers.

    Args:
        task_type: of the endpoint.
        parser: as `parse` made it.
        request: that is answered.
        count: how many texts were sent.
    """
    paths = {name: JsonPath.parse(text) for name, text in parser.items() if name != "embedding_type"}
    if task_type is TaskType.TEXT_EMBEDDING:
        return lambda body: _dense(paths, _ELEMENTS[parser["embedding_type"]], count, body)
    if task_type is TaskType.SPARSE_EMBEDDING:
        return lambda body: _sparse(paths, count, body)
    if task_type is TaskType.RERANK:
        return lambda body: _ranking(paths, request, body)
    return lambda body: _completion(paths, body)


def _dense(paths: Paths, element: ElementType, count: int, body: Any) -> TextEmbedding:
    rows = _list(paths["text_embeddings"], body)
    return TextEmbedding(floats(rows, count) if element == "float" else bytes_(rows, count), Usage(count), element)


def _sparse(paths: Paths, count: int, body: Any) -> SparseEmbedding:
    tokens, weights = _list(paths["token_path"], body), _list(paths["weight_path"], body)
    check_count(len(tokens), count)
    _same_length(tokens, weights, "tokens", "weights")
    vectors = []
    for entry, (names, numbers) in enumerate(zip(tokens, weights, strict=True)):
        if not isinstance(names, list) or not isinstance(numbers, list):
            raise MalformedError(f"Failed to parse sparse embedding entry [{entry}], it holds no lists")
        _same_length(names, numbers, "tokens", "weights")
        if not all(map(_is_token, names)) or not all(map(_is_number, numbers)):
            raise MalformedError(f"Failed to parse sparse embedding entry [{entry}], it holds no tokens and weights")
        vectors.append(SparseVector(dict(zip(map(str, names), map(float, numbers), strict=True))))
    return SparseEmbedding(tuple(vectors), Usage(count))


def _ranking(paths: Paths, request: InferenceRequest, body: Any) -> Rerank:
    """Documents by score, best first; without indexes the scores are in the documents' order."""
    documents = request.input
    scores = _list(paths["relevance_score"], body)
    indexes: Sequence[Any] = _list(paths["reranked_index"], body) if "reranked_index" in paths else range(len(scores))
    texts: Sequence[Any] = [None] * len(scores)
    if request.return_documents is not False and "document_text" in paths:
        texts = _list(paths["document_text"], body)
    _same_length(indexes, scores, "indexes", "relevance scores")
    _same_length(texts, scores, "document texts", "relevance scores")
    if not all(map(_is_number, scores)):
        raise MalformedError(f"The path [{paths['relevance_score'].text}] leads to what is no number")
    if not all(isinstance(index, int) and not isinstance(index, bool) for index in indexes):
        raise MalformedError(f"The path [{paths['reranked_index'].text}] leads to what is no index")
    if not all(0 <= index < len(documents) for index in indexes):
        raise MalformedError("The response is about a document that is not in the request")
    if not all(text is None or isinstance(text, str) for text in texts):
        raise MalformedError(f"The path [{paths['document_text'].text}] leads to what is no text")
    ranked = [
        Ranked(index, float(score), documents[index] if text is None and request.return_documents else text)
        for index, score, text in zip(indexes, scores, texts, strict=True)
    ]
    best_first = sorted(ranked, key=lambda item: -item.relevance_score)
    return Rerank(tuple(best_first[: request.top_n]), Usage(len(documents)))


def _completion(paths: Paths, body: Any) -> Completion:
    path = paths["completion_result"]
    found = path.extract(body)
    texts = found if isinstance(found, list) else [found]
    if not all(isinstance(text, str) for text in texts):
        raise MalformedError(f"The path [{path.text}] leads to what is no text and no list of texts")
    return Completion(tuple(texts), Usage(1))


def _list(path: JsonPath, body: Any) -> list[Any]:
    found = path.extract(body)
    if not isinstance(found, list):
        raise MalformedError(f"The path [{path.text}] leads to what is no list")
    return found


def _same_length(first: Sequence[Any], second: Sequence[Any], one: str, other: str) -> None:
    if len(first) != len(second):
        sizes = f"The extracted {one} list is size [{len(first)}] but the {other} list is size [{len(second)}]"
        raise MalformedError(f"{sizes}. The list sizes must be equal.")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_token(value: Any) -> bool:
    """A token, or its number: some models answer with these."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)
