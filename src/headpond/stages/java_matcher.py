"""`java.util.regex.Matcher` and `Pattern.split` over patterns of `java_regex`."""

from __future__ import annotations

from typing import Any

from headpond.errors import RestError


def replace(pattern: Any, replacement: str, text: str) -> str:
    """`Matcher.replaceAll`; groups are `$1` and `${name}`, a backslash takes the next character as it is.

    Raises:
        ValueError: the replacement is broken, or names a group that is not there.
        RestError: 500 `index_out_of_bounds_exception`, a group with its number is not there.
    """
    return str(pattern.sub(lambda match: _expanded(match, replacement), text))


def split(pattern: Any, text: str, limit: int = 0) -> list[str]:
    """`Pattern.split`: with limit 0 empty parts at the end are left out, -1 keeps them, above 0 is the most parts."""
    parts: list[str] = []
    at = 0
    for match in pattern.finditer(text):
        if limit > 0 and len(parts) == limit - 1:
            break
        if match.end() == 0:
            continue  # a match of nothing at the start makes no part
        parts.append(text[at : match.start()])
        at = match.end()
    if at == 0 and not parts:
        return [text]
    parts.append(text[at:])
    while limit == 0 and parts and not parts[-1]:
        parts.pop()
    return parts


def _expanded(match: Any, replacement: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(replacement):
        character = replacement[at]
        at += 1
        if character == "\\":
            if at == len(replacement):
                raise ValueError("character to be escaped is missing")
            out.append(replacement[at])
            at += 1
        elif character == "$":
            group, at = _group(match, replacement, at)
            out.append(match[group] or "")
        else:
            out.append(character)
    return "".join(out)


def _group(match: Any, replacement: str, at: int) -> tuple[int | str, int]:
    """The group behind a `$`, and where the text goes on."""
    if replacement[at : at + 1] == "{":
        end = replacement.find("}", at)
        name = replacement[at + 1 : end]
        if end < 0:
            raise ValueError("named capturing group is missing trailing '}'")
        if name not in match.re.groupindex:
            raise ValueError(f"No group with name {{{name}}}")
        return name, end + 1
    if not replacement[at : at + 1].isdecimal():
        raise ValueError("Illegal group reference")
    number = int(replacement[at])
    at += 1
    if number > match.re.groups:
        raise RestError(500, "index_out_of_bounds_exception", f"No group {number}")
    while at < len(replacement) and replacement[at].isdecimal():
        longer = number * 10 + int(replacement[at])
        if longer > match.re.groups:
            break
        number, at = longer, at + 1
    return number, at
