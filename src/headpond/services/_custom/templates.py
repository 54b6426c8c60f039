"""Templates: texts with `${name}` in them.

Elasticsearch fills them with Apache Commons' StringSubstitutor; here every text is filled once only, so that a document
that holds `${api_key}` does not become the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from headpond.errors import nearest

_PLACEHOLDER = re.compile(r"\$\{(.*?)\}")


class TemplateError(ValueError):
    """A template that cannot be filled; the text names the template and never a value."""


def filled(template: str, field: str, values: Mapping[str, str]) -> str:
    """The template with a value for every placeholder; `${name:-text}` stands for `text` where there is none.

    Args:
        template: the text.
        field: what the template is called in messages, as in `header.Authorization`.
        values: name -> what is put in, as it is.

    Raises:
        TemplateError: nothing has the name of a placeholder.
    """

    def value(found: re.Match[str]) -> str:
        name, defaults, default = found[1].partition(":-")
        if name in values:
            return values[name]
        if defaults:
            return default
        raise TemplateError(_undefined(found[0], name, field, values))

    return _PLACEHOLDER.sub(value, template)


def as_texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What may stand in addresses, headers and query parameters: the parameters that are texts."""
    return {name: value for name, value in parameters.items() if isinstance(value, str)}


def as_json(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What may stand in a request's body: all parameters, in JSON."""
    return {name: orjson.dumps(value).decode() for name, value in parameters.items()}


def _undefined(placeholder: str, name: str, field: str, values: Mapping[str, str]) -> str:
    text = (
        f"Found placeholder [{placeholder}] in field [{field}] after replacement call, please check that all templates"
        f" have a corresponding field definition. Defined there: [{', '.join(sorted(values))}]"
    )
    like = nearest(name, values)
    return f"{text}, did you mean [{like}]?" if like else text
