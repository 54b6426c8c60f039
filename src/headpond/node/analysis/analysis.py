"""The analyzers of one index: the built-in ones and those its settings define."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from headpond.errors import RestError
from headpond.node.analysis.analyzer import Analyzer, CharFilter, TokenFilter, Tokenizer
from headpond.node.analysis.analyzers.standard import Standard
from headpond.node.analysis.missing import ANALYZERS, CHAR_FILTERS, TOKEN_FILTERS, TOKENIZERS
from headpond.node.analysis.tokenizers.keyword import Keyword as KeywordTokenizer
from headpond.node.call import illegal_argument
from headpond.node.mapping.similarity import Similarity
from headpond.registry import Registry

_ANALYZERS = Registry("analyzer", "headpond.node.analysis.analyzers", Analyzer)
_TOKENIZERS = Registry("tokenizer", "headpond.node.analysis.tokenizers", Tokenizer)  # type: ignore[type-abstract]
_FILTERS = Registry("filter", "headpond.node.analysis.filters", TokenFilter)  # type: ignore[type-abstract]
_CHAR_FILTERS = Registry("char_filter", "headpond.node.analysis.char_filters", CharFilter)  # type: ignore[type-abstract]

Part = TypeVar("Part", Analyzer, Tokenizer, TokenFilter, CharFilter)


class Analysis:
    """Analyzers by name; each is built once.

    Args:
        settings: the index settings' `analysis` object.
        similarities: what the settings' `similarity` object defines besides.

    Raises:
        RestError: 400, a definition names a part that does not exist; 501, one that headpond does not have.
    """

    def __init__(
        self, settings: Mapping[str, Any] | None = None, similarities: Mapping[str, Similarity] | None = None
    ) -> None:
        self.similarities = similarities or {}
        self._settings = settings or {}
        self._analyzers: dict[str, Analyzer] = {}
        self._normalizers: dict[str, Analyzer] = {}
        for name in self._defined("analyzer"):
            self.analyzer(name)
        for name in self._defined("normalizer"):
            self.normalizer(name)

    def _defined(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        found = self._settings.get(kind) or {}
        return found if isinstance(found, Mapping) else {}

    def analyzer(self, name: str) -> Analyzer:
        """The analyzer of a name; `default` is the standard one unless the settings define it.

        Raises:
            RestError: 400, there is none of this name.
        """
        if name not in self._analyzers:
            self._analyzers[name] = self._build_analyzer(name)
        return self._analyzers[name]

    def has_analyzer(self, name: str) -> bool:
        """Whether the settings define it or it is built in."""
        return name in self._defined("analyzer") or name in _ANALYZERS or name == "default"

    def _build_analyzer(self, name: str) -> Analyzer:
        body = self._defined("analyzer").get(name)
        if body is None:
            if name == "default":
                return Standard({})
            return _builtin(_ANALYZERS, ANALYZERS, name, {}, f"failed to find global analyzer [{name}]")
        kind = body.get("type")
        if kind is None:
            if "tokenizer" not in body:
                raise illegal_argument(f"analyzer [{name}] must specify either an analyzer type, or a tokenizer")
            kind = "custom"
        if kind != "custom":
            return _builtin(_ANALYZERS, ANALYZERS, kind, body, f"Unknown analyzer type [{kind}] for [{name}]")
        if "tokenizer" not in body:
            raise illegal_argument(f"Custom Analyzer [{name}] must be configured with a tokenizer")
        return self.custom(
            body["tokenizer"],
            _listed(body.get("filter")),
            _listed(body.get("char_filter")),
            gap=int(body.get("position_increment_gap", 100)),
            owner=name,
        )

    def custom(
        self,
        tokenizer: str | Mapping[str, Any],
        filters: list[Any],
        char_filters: list[Any],
        *,
        gap: int = 100,
        owner: str | None = None,
    ) -> Analyzer:
        """An analyzer made of named or inline parts.

        Args:
            tokenizer: a name or a body with `type`.
            filters: names or bodies.
            char_filters: names or bodies.
            gap: distance between the values of an array.
            owner: the analyzer that is defined, for messages; None in `_analyze`.
        """
        return Analyzer(
            self._part("tokenizer", _TOKENIZERS, TOKENIZERS, tokenizer, owner),
            [self._part("filter", _FILTERS, TOKEN_FILTERS, item, owner) for item in filters],
            [self._part("char_filter", _CHAR_FILTERS, CHAR_FILTERS, item, owner) for item in char_filters],
            gap,
        )

    def normalizer(self, name: str) -> Analyzer:
        """How a keyword field with this normalizer changes its values.

        Raises:
            RestError: 400, there is none of this name.
        """
        if name not in self._normalizers:
            self._normalizers[name] = self._build_normalizer(name)
        return self._normalizers[name]

    def _build_normalizer(self, name: str) -> Analyzer:
        body = self._defined("normalizer").get(name)
        if body is None:
            if name != "lowercase":
                raise illegal_argument(f"normalizer [{name}] not found")
            body = {"filter": ["lowercase"]}
        if "tokenizer" in body:
            raise illegal_argument(f"Custom normalizer [{name}] cannot configure a tokenizer")
        filters = [self._part("filter", _FILTERS, TOKEN_FILTERS, item, name) for item in _listed(body.get("filter"))]
        chars = [
            self._part("char_filter", _CHAR_FILTERS, CHAR_FILTERS, item, name)
            for item in _listed(body.get("char_filter"))
        ]
        return Analyzer(KeywordTokenizer({}), filters, chars)

    def _part(
        self,
        kind: str,
        registry: Registry[Part],
        missing: frozenset[str],
        given: str | Mapping[str, Any],
        owner: str | None,
    ) -> Part:
        if isinstance(given, Mapping):
            body, name = given, f"_anonymous_{kind.replace('_', '')}_"
        else:
            name = given
            found = self._defined(kind).get(given)
            if found is None:
                unknown = (
                    f"Custom Analyzer [{owner}] failed to find {kind} under name [{name}]"
                    if owner
                    else f"failed to find global {kind} under [{name}]"
                )
                return _builtin(registry, missing, given, {}, unknown)
            body = found
        type_name = body.get("type")
        if type_name is None:
            raise illegal_argument(f"{kind} [{name}] must specify either an analyzer type, or a tokenizer")
        return _builtin(registry, missing, type_name, body, f"Unknown {kind} type [{type_name}] for [{name}]")


def _builtin(
    registry: Registry[Part], missing: frozenset[str], name: str, body: Mapping[str, Any], unknown: str
) -> Part:
    if name in registry:
        make: Callable[[Mapping[str, Any]], Part] = registry.get(name)
        return make(body)
    if name in missing:
        reason = f"the {registry.kind} [{name}] is not supported by headpond; it has {', '.join(registry.names())}"
        raise RestError(501, "not_implemented_exception", reason)
    raise illegal_argument(unknown)


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]
