"""Dynamic mapping: what an unknown field becomes, from its first value."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from fnmatch import fnmatchcase
from typing import Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import boolean
from headpond.node.mapping.date_format import date_format

DATE_FORMATS = ("strict_date_optional_time", "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis")
TEMPLATE_OPTIONS = frozenset(
    {
        "mapping",
        "match",
        "match_mapping_type",
        "match_pattern",
        "path_match",
        "path_unmatch",
        "unmatch",
        "unmatch_mapping_type",
    }
)


class Dynamic:
    """The rules of one mapping.

    Args:
        body: the mapping's body; `date_detection`, `numeric_detection`, `dynamic_date_formats` and
            `dynamic_templates` are read.
    """

    def __init__(self, body: MappingType[str, Any]) -> None:
        self._dates = boolean(body.get("date_detection", True))
        self._numbers = boolean(body.get("numeric_detection", False))
        self._formats = tuple(body.get("dynamic_date_formats", DATE_FORMATS))
        for text in self._formats:
            date_format(text)
        self._templates: list[MappingType[str, Any]] = []
        for entry in body.get("dynamic_templates") or []:
            if not isinstance(entry, MappingType) or len(entry) != 1:
                raise illegal_argument("A dynamic template must be defined with a name")
            for template in entry.values():
                self._check(template)
                self._templates.append(template)

    @staticmethod
    def _check(template: MappingType[str, Any]) -> None:
        for name in template:
            if name == "runtime":
                reason = "[runtime] in dynamic templates is not supported by headpond"
                raise RestError(501, "not_implemented_exception", reason)
            if name not in TEMPLATE_OPTIONS:
                raise illegal_argument(f"Illegal dynamic template parameter: [{name}]")

    def body_for(self, path: str, value: Any) -> dict[str, Any] | None:
        """The mapping that a field's first value gives it.

        Args:
            path: the full path.
            value: a JSON scalar or an object.

        Returns:
            The field's body; None for an object no template speaks of.
        """
        kind, usual = self._guess(value)
        for template in self._templates:
            if _matches(template, path, kind):
                return _filled(template.get("mapping", {}), path, kind, usual)
        return usual

    def _guess(self, value: Any) -> tuple[str, dict[str, Any] | None]:
        if isinstance(value, dict):
            return "object", None
        if isinstance(value, bool):
            return "boolean", {"type": "boolean"}
        if isinstance(value, int):
            return "long", {"type": "long"}
        if isinstance(value, float):
            return "double", {"type": "float"}
        return self._guess_text(str(value))

    def _guess_text(self, text: str) -> tuple[str, dict[str, Any]]:
        number = _NUMBER.fullmatch(text)
        if self._numbers and number:
            return ("double", {"type": "float"}) if number[1] or number[2] else ("long", {"type": "long"})
        if self._dates and not number and text[:1].isdigit():
            for name in self._formats:
                if _is_date(text, name):
                    return "date", {"type": "date"} if name == DATE_FORMATS[0] else {
                        "type": "date",
                        "format": name,
                        "locale": "",
                    }
        return "string", {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def _is_date(text: str, name: str) -> bool:
    try:
        date_format(name).millis(text)
    except RestError:
        return False
    return True


def _matches(template: MappingType[str, Any], path: str, kind: str) -> bool:
    name = path.rpartition(".")[2]
    kinds = _listed(template.get("match_mapping_type"))
    if kinds and "*" not in kinds and kind not in kinds:
        return False
    if kind in _listed(template.get("unmatch_mapping_type")):
        return False
    regexes = template.get("match_pattern") == "regex"
    for option, text, wanted in (
        ("match", name, True),
        ("path_match", path, True),
        ("unmatch", name, False),
        ("path_unmatch", path, False),
    ):
        patterns = _listed(template.get(option))
        if patterns and any(_fits(pattern, text, regexes) for pattern in patterns) != wanted:
            return False
    return True


def _fits(pattern: str, text: str, regexes: bool) -> bool:
    return bool(re.fullmatch(pattern, text)) if regexes else fnmatchcase(text, pattern.replace("[", "[[]"))


def _filled(mapping: Any, path: str, kind: str, usual: dict[str, Any] | None) -> dict[str, Any]:
    """The template's mapping with `{name}` and `{dynamic_type}` put in; the usual type where it names none."""
    usual_type = usual["type"] if usual else "object"

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{name}", path.rpartition(".")[2]).replace("{dynamic_type}", usual_type)
        if isinstance(value, MappingType):
            return {fill(key): fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list) else value

    filled: dict[str, Any] = fill(mapping)
    return filled if "type" in filled else {"type": usual_type, **filled}


def _listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
