"""Rankings by inference endpoints, which want documents under two different names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from headpond.errors import RestError
from headpond.inference.results import Ranked, Rerank, Usage
from headpond.services._huggingface.answers import read_ranks

Send = Callable[[Mapping[str, Any], Callable[[Any], Rerank]], Rerank]
"""Sends a body, and reads the answer with the function given."""


class Ranker:
    """Asks servers in the words that they know, and remembers which.

    Everybody is first asked as Elasticsearch asks: `{"documents", "query", "return_documents"?, "top_n"?}`. A server of
    text-embeddings-inference lacks its `texts` then and answers 422. It is asked again, and from then on, in its own
    words: `{"query", "texts"}`, with as many texts at once as it takes. Scores of several requests can be compared,
    because a cross-encoder scores each text by itself.

    Args:
        most_texts: in one request to text-embeddings-inference (its `--max-client-batch-size`).
    """

    def __init__(self, most_texts: int) -> None:
        self._most_texts = most_texts
        self._want_texts: set[str] = set()

    def rank(
        self, url: str, send: Send, query: str, documents: tuple[str, ...], top_n: int | None, with_text: bool | None
    ) -> Rerank:
        """The documents in the order of their scores, the best `top_n` of them.

        Args:
            url: of the server.
            send: sends a request to it.
            query: what is searched.
            documents: what is ranked.
            top_n: how many to keep; None for all.
            with_text: whether the answer carries the documents; None for what the server gives.

        Raises:
            RestError: of `send`.
        """
        if url in self._want_texts:
            found = self._by_texts(send, query, documents, with_text)
        else:
            try:
                found = self._by_documents(send, query, documents, top_n, with_text)
            except RestError as error:
                if error.status != 422:
                    raise
                found = self._second_try(send, query, documents, with_text, error)
                self._want_texts.add(url)
        ranked = sorted(found.ranked, key=lambda item: -item.relevance_score)[:top_n]
        return Rerank(tuple(ranked), found.usage)

    def _by_documents(
        self, send: Send, query: str, documents: tuple[str, ...], top_n: int | None, with_text: bool | None
    ) -> Rerank:
        options = {"return_documents": with_text, "top_n": top_n}
        given = {name: value for name, value in options.items() if value is not None}
        body = {"documents": list(documents), "query": query, **given}
        return send(body, partial(read_ranks, documents=documents, with_text=with_text))

    def _second_try(
        self, send: Send, query: str, documents: tuple[str, ...], with_text: bool | None, refusal: RestError
    ) -> Rerank:
        try:
            return self._by_texts(send, query, documents, with_text)
        except RestError as error:
            if error.status == 422:  # something else is wrong with the request: the first answer says what
                raise refusal from None
            raise

    def _by_texts(self, send: Send, query: str, documents: Sequence[str], with_text: bool | None) -> Rerank:
        ranked: list[Ranked] = []
        for start in range(0, len(documents), self._most_texts):
            texts = tuple(documents[start : start + self._most_texts])
            read = partial(read_ranks, documents=texts, with_text=bool(with_text))
            part = send({"query": query, "texts": list(texts)}, read)
            ranked += (replace(item, index=item.index + start) for item in part.ranked)
        return Rerank(tuple(ranked), Usage(len(documents)))
