"""`keyword`: exact strings, for filters, sorting and identifiers."""

from __future__ import annotations

from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.analysis.analyzer import Analyzer
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import (
    COMMON,
    BadValue,
    FieldType,
    Parameter,
    boolean,
    integer,
    mapper_parsing,
)
from headpond.node.mapping.text_value import text_value
from headpond.node.store.sink import FieldSink

LONGEST = 32766
"""Lucene's limit of a term, in bytes of UTF-8."""


class Keyword(FieldType):
    """Exact strings."""

    type = "keyword"
    parameters: ClassVar[dict[str, Parameter]] = {
        **COMMON,
        "index": Parameter(default=True, read=boolean),
        "doc_values": Parameter(default=True, read=boolean),
        "ignore_above": Parameter(default=2147483647, updatable=True, read=integer),
        "null_value": Parameter(),
        "normalizer": Parameter(),
        "norms": Parameter(default=False, read=boolean),
        "index_options": Parameter(default="docs"),
        "similarity": Parameter(),
        "eager_global_ordinals": Parameter(default=False, updatable=True, read=boolean),
        "split_queries_on_whitespace": Parameter(default=False, updatable=True, read=boolean),
        "time_series_dimension": Parameter(default=False, read=boolean),
    }

    def configure(self, analysis: Analysis) -> None:
        """Finds the normalizer."""
        name = self.option("normalizer")
        try:
            self.normalizer: Analyzer | None = analysis.normalizer(name) if name else None
        except RestError as error:
            if error.status == 501:
                raise
            raise mapper_parsing(f"normalizer [{name}] not found for field [{self.name}]") from None
        if self.option("ignore_above") < 0:
            raise illegal_argument(f"[ignore_above] must be positive, got [{self.option('ignore_above')}]")
        for missing in ("norms", "similarity", "split_queries_on_whitespace", "time_series_dimension"):
            if self.option(missing):
                reason = f"the [keyword] option [{missing}] of [{self.path}] is not supported by headpond"
                raise RestError(501, "not_implemented_exception", reason)
        self._longest: int = self.option("ignore_above")
        self._indexed: bool = self.option("index")
        self._column: bool = self.option("doc_values")

    def _normal(self, text: str) -> str:
        return "".join(self.normalizer.terms(text)) if self.normalizer else text

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the value as one term and one column value."""
        text = text_value(value)
        if len(text) > self._longest:
            sink.ignored(self.path)
            return
        text = self._normal(text)
        if len(text) > LONGEST // 4 and len(encoded := text.encode()) > LONGEST and self._indexed:
            prefix = ", ".join(str(byte if byte < 128 else byte - 256) for byte in encoded[:30])
            raise BadValue(
                f'Document contains at least one immense term in field="{self.path}" (whose UTF8 encoding is longer '
                f"than the max length {LONGEST}), all of which were skipped. Please correct the analyzer to "
                "not produce "
                f"such terms. The prefix of the first immense term is: '[{prefix}]...'"
            )
        if self._indexed:
            sink.term(self.path, text)
        if self._column:
            sink.ordinal(self.path, text)

    def term(self, value: Any) -> str:
        """The value as it was indexed."""
        try:
            return self._normal(text_value(value))
        except BadValue as error:
            raise RestError(400, "illegal_argument_exception", error.reason) from None
