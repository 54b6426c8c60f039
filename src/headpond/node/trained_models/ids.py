"""Which models an expression in a path means: ids, wildcards, `_all`, joined by commas."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import translate
from re import escape, match

from headpond.errors import RestError


def chosen(expression: str | None, known: Sequence[str], *, allow_no_match: bool) -> list[str]:
    """The ids that an expression means, in the order of `known`.

    Args:
        expression: None means all.
        known: all ids.
        allow_no_match: whether a wildcard may match nothing; a plain id may not in any case.

    Raises:
        RestError: 404, names what matched nothing.
    """
    tokens = [token for token in (expression or "_all").split(",") if token]
    patterns = {token: _pattern(token) for token in tokens}
    missing = [
        token
        for token, pattern in patterns.items()
        if not (allow_no_match and (token == "_all" or "*" in token))
        and not any(match(pattern, name) for name in known)
    ]
    if missing:
        reason = f"No known trained model with model_id [{','.join(missing)}], you may need to create it or load it"
        raise RestError(404, "resource_not_found_exception", f"{reason} into the cluster with eland")
    return [name for name in known if any(match(pattern, name) for pattern in patterns.values())]


def _pattern(token: str) -> str:
    """A regular expression; only the star is special."""
    return translate("*") if token == "_all" else ".*".join(escape(part) for part in token.split("*")) + r"\Z"
