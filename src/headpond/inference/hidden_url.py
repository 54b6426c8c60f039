"""Secrets inside addresses of service settings: `https://user:password@host/v1?api-key=...`.

Many gateways take their keys there. Such a part is kept with the endpoint's secrets, and `::es_redacted::`, which is
Elasticsearch's word for it elsewhere, stands for it in all that is shown or kept in the open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headpond.inference.endpoint import Endpoint
from headpond.inference.secrets import Secrets, lost

REDACTED = "::es_redacted::"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_USER = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.\-]*://)?)([^/?#]*)@")
_PARAMETER = re.compile(r"([?&;#])([^?&;#]*)")
_PLACEHOLDERS = re.compile(r"(?:\$\{[^}]*\}|[:,.\s\-]|%20)*")
_OPEN_NAMES = frozenset({"api-version", "api_version", "version", "model", "model_id", "deployment", "task", "alt"})
_OPEN_VALUES = re.compile(r"|true|false|v?\d{1,4}(?:\.\d{1,4}){0,2}|\d{4}-\d{2}-\d{2}(?:-preview)?")


def shown(value: str) -> str:
    """A text as it may be shown: of an address, all that may be a secret is blanked.

    Args:
        value: any text; what does not begin as an address does comes back as it is.
    """
    return blanked(value) if _SCHEME.match(value) else value


def blanked(address: str) -> str:
    """An address as it may be shown, also where its scheme is missing or wrong."""
    return _split(address)[0]


def hide(endpoint: Endpoint, secrets: Secrets) -> tuple[Endpoint, Secrets]:
    """Moves what may be a secret from addresses in the service settings to the secrets.

    Args:
        endpoint: with whole addresses.
        secrets: of it; those of earlier addresses are dropped.
    """
    settings = dict(endpoint.service_settings)
    addresses = _addresses(settings)
    earlier = tuple(f"{name}?" for name in addresses)
    kept = {name: value for name, value in secrets.reveal().items() if not name.startswith(earlier)}
    moved: dict[str, str] = {}
    for name, value in addresses.items():
        settings[name], hidden = _split(value)
        moved |= {f"{name}?{number}": text for number, text in enumerate(hidden)}
    if not moved and len(kept) == len(secrets.reveal()):
        return endpoint, secrets
    return replace(endpoint, service_settings=settings), Secrets({**kept, **moved})


def whole(endpoint: Endpoint, secrets: Secrets) -> Endpoint:
    """The endpoint with whole addresses, for its service alone.

    Raises:
        RestError: 400, the secrets are lost.
    """
    if not any(isinstance(value, str) and REDACTED in value for value in endpoint.service_settings.values()):
        return endpoint
    addresses = {name: value for name, value in _addresses(endpoint.service_settings).items() if REDACTED in value}
    for name, value in addresses.items():
        first, *rest = value.split(REDACTED)
        for number, part in enumerate(rest):
            hidden = secrets.get(f"{name}?{number}")
            if hidden is None:
                raise lost(endpoint.inference_id)
            first += hidden + part
        addresses[name] = first
    return endpoint.with_settings(**addresses)


def setting_shown(name: str, value: str) -> str:
    """The text of a service setting as GET shows it."""
    return blanked(value) if _is_address(name, value) else value


def _addresses(settings: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: value for name, value in settings.items() if isinstance(value, str)}
    return {name: value for name, value in texts.items() if _is_address(name, value)}


def _is_address(name: str, value: str) -> bool:
    """By its name, because some go without a scheme, or by how it begins."""
    return name.endswith("url") or _SCHEME.match(value) is not None


def _split(address: str) -> tuple[str, list[str]]:
    """The address as it may be shown, and what was taken out, in order."""
    hidden: list[str] = []

    def taken(text: str) -> str:
        hidden.append(text)
        return REDACTED

    def user(found: re.Match[str]) -> str:
        return found[0] if _PLACEHOLDERS.fullmatch(found[2]) else f"{found[1]}{taken(found[2])}@"

    def parameter(found: re.Match[str]) -> str:
        name, equals, value = found[2].partition("=")
        if not equals:
            name, value = "", name
        if name.lower() in _OPEN_NAMES or _OPEN_VALUES.fullmatch(value) or _PLACEHOLDERS.fullmatch(value):
            return found[0]
        return f"{found[1]}{name}{equals}{taken(value)}"

    address = _USER.sub(user, address)
    end = min((at for at in (address.find("?"), address.find("#")) if at >= 0), default=len(address))
    return address[:end] + _PARAMETER.sub(parameter, address[end:]), hidden
