"""`text`: analyzed full text."""

from __future__ import annotations

from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.analysis.analyzer import Analyzer
from headpond.node.mapping.base import (
    COMMON,
    BadValue,
    FieldType,
    Parameter,
    boolean,
    integer,
    mapper_parsing,
)
from headpond.node.mapping.similarity import BM25
from headpond.node.mapping.text_value import text_value
from headpond.node.store.sink import FieldSink, Kept


class Text(FieldType):
    """Analyzed full text with positions and lengths."""

    type = "text"
    parameters: ClassVar[dict[str, Parameter]] = {
        **COMMON,
        "analyzer": Parameter(default="default"),
        "search_analyzer": Parameter(updatable=True),
        "search_quote_analyzer": Parameter(updatable=True),
        "index": Parameter(default=True, read=boolean),
        "norms": Parameter(default=True, updatable=True, read=boolean),
        "index_options": Parameter(default="positions"),
        "position_increment_gap": Parameter(read=integer),
        "similarity": Parameter(),
        "term_vector": Parameter(default="no"),
        "fielddata": Parameter(default=False, updatable=True, read=boolean),
        "fielddata_frequency_filter": Parameter(updatable=True),
        "index_phrases": Parameter(default=False, read=boolean),
        "index_prefixes": Parameter(),
        "eager_global_ordinals": Parameter(default=False, updatable=True, read=boolean),
    }

    def configure(self, analysis: Analysis) -> None:
        """Finds the analyzers."""
        for missing in ("index_prefixes", "fielddata_frequency_filter"):
            if self.option(missing) is not None:
                reason = f"the [text] option [{missing}] of [{self.path}] is not supported by headpond"
                raise RestError(501, "not_implemented_exception", reason)
        self._choose_similarity(analysis)
        self.analyzer = self._find(analysis, self.option("analyzer"))
        searching = self.option("search_analyzer")
        if searching is None:
            given = self.option("analyzer") != "default" or not analysis.has_analyzer("default_search")
            searching = self.option("analyzer") if given else "default_search"
        self._search_analyzer = self._find(analysis, searching)
        detail = self.option("index_options")
        if detail not in ("docs", "freqs", "positions", "offsets"):
            listed = "[positions, docs, freqs, offsets]"
            raise mapper_parsing(f"Unknown value [{detail}] for field [index_options] - accepted values are {listed}")
        self._kept = Kept(self.option("norms"), detail != "docs", detail in ("positions", "offsets"))
        gap = self.option("position_increment_gap")
        self._gap = self.analyzer.position_increment_gap if gap is None else gap

    def _choose_similarity(self, analysis: Analysis) -> None:
        name = self.option("similarity")
        if name == "boolean":
            reason = f"the similarity [{name}] of [{self.path}] is not supported by headpond"
            raise RestError(501, "not_implemented_exception", reason)
        if name == "BM25":
            self.bm25 = BM25
        elif name in analysis.similarities:
            self.bm25 = analysis.similarities[name]
        elif name is not None:
            raise mapper_parsing(f"Unknown Similarity type [{name}] for field [{self.name}]")

    def _find(self, analysis: Analysis, name: str) -> Analyzer:
        try:
            return analysis.analyzer(name)
        except RestError as error:
            if error.status == 501:
                raise
            reason = f"analyzer [{name}] has not been configured in mappings"
            raise RestError(400, "illegal_argument_exception", reason) from None

    @property
    def search_analyzer(self) -> Analyzer:
        """The analyzer for queries."""
        return self._search_analyzer

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the value's terms."""
        text = text_value(value)
        if self.option("index"):
            sink.text(self.path, self.analyzer.slots(text), self._gap, self._kept)

    def term(self, value: Any) -> str:
        """The value itself, unanalyzed: what a term query looks for."""
        try:
            return text_value(value)
        except BadValue as error:
            raise RestError(400, "illegal_argument_exception", error.reason) from None
