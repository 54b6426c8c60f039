"""How it is said that a document does not fit its mapping, with line and column."""

from __future__ import annotations

from typing import Any

from headpond.errors import RestError
from headpond.inference.json_position import line_and_column, locate, next_token
from headpond.node.mapping.base import BadValue, FieldType
from headpond.node.mapping.preview import preview

Key = str | int


class DocumentErrors:
    """Errors about the place where a parser is.

    Args:
        raw: the document's JSON text.
        id: its id.
        keys: the keys and array positions that lead to where the parser is; the parser's own list.
    """

    def __init__(self, raw: bytes, id: str, keys: list[Key]) -> None:
        self._raw = raw
        self._id = id
        self._keys = keys

    def where(self, *, inner: tuple[Key, ...] = (), at_end: bool = False) -> str:
        """`line:column` of the value, or of what ends it."""
        place = locate(self._raw, [*self._keys, *inner])
        if not at_end:
            return line_and_column(self._raw, place.start)
        closing = self._raw[place.end - 1 : place.end] in (b"}", b"]")
        return line_and_column(self._raw, place.end - 1 if closing else next_token(self._raw, place.end))

    def where_name(self) -> str:
        """`line:column` of the value's name."""
        return line_and_column(self._raw, locate(self._raw, self._keys).key)

    def failed(self, cause: RestError, where: str | None = None) -> RestError:
        """`failed to parse: REASON`."""
        reason = f"[{where or self.where()}] failed to parse: {cause.reason}"
        return RestError(400, "document_parsing_exception", reason, caused_by=cause)

    def not_an_object(self, path: str, name: str) -> RestError:
        """A value stands where the mapping has an object."""
        return RestError(
            400,
            "document_parsing_exception",
            f"[{self.where()}] object mapping for [{path}] tried to parse field [{name}] as object, but found a "
            "concrete value",
        )

    def strict(self, name: str, within: str) -> RestError:
        """A field is not mapped and the mapping may not grow."""
        return RestError(
            400,
            "strict_dynamic_mapping_exception",
            f"[{self.where()}] mapping set to strict, dynamic introduction of [{name}] within [{within}] is "
            "not allowed",
        )

    def meta_field(self, name: str, value: Any) -> RestError:
        """A field has the name of one of Elasticsearch's own."""
        where = self.where(at_end=name == "_source")
        cause = RestError(
            400,
            "document_parsing_exception",
            f"[{where}] Field [{name}] is a metadata field and cannot be added inside a document. Use the index API "
            "request parameters.",
        )
        return self._field(name, name, value, where, cause)

    def bad_value(self, field: FieldType, value: Any, error: BadValue) -> RestError:
        """A value does not fit its field."""
        where = self.where(inner=error.inner, at_end=error.at_end)
        cause = self._filled(RestError(400, error.type, error.reason, caused_by=error.caused_by))
        if error.type == "parsing_exception":
            line, _, column = where.partition(":")
            cause.extra = {"line": int(line), "col": int(column)}
        if field.plain_errors:
            return self.failed(cause, where)
        shown = value if error.shown is None else error.shown
        return self._field(field.path, field.type, shown, where, cause)

    def _field(self, path: str, type: str, value: Any, where: str, cause: RestError) -> RestError:
        reason = (
            f"[{where}] failed to parse field [{path}] of type [{type}] in document with id '{self._id}'. "
            f"Preview of field's value: '{preview(value)}'"
        )
        return RestError(400, "document_parsing_exception", reason, caused_by=cause)

    def _filled(self, cause: RestError) -> RestError:
        """Puts places and the source into the texts that ask for them."""
        place = locate(self._raw, self._keys)
        opening = self._raw[place.start : place.start + 1] in (b"{", b"[")
        after = line_and_column(self._raw, place.start + 1 if opening else place.end)
        line, _, column = after.partition(":")
        source = f'(byte[])"{self._raw[:500].decode("utf-8", "replace")}"; line: {line}, column: {column}'
        reason = (
            cause.reason.replace("{start}", line_and_column(self._raw, place.start))
            .replace("{after}", after)
            .replace("{id}", self._id)
            .replace("{source}", source)
        )
        inner = self._filled(cause.caused_by) if cause.caused_by else None
        return RestError(cause.status, cause.type, reason, caused_by=inner)
