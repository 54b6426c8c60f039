"""The packages of the extras `local` and `torch`, imported only when something needs them."""

from __future__ import annotations

import importlib
from typing import Any

from headpond.errors import MissingExtraError


def need(module: str, feature: str, *, package: str | None = None, extra: str = "local") -> Any:
    """The imported module, or an error that says how to install it.

    Args:
        module: dotted name to import.
        feature: what the user asked for, as in `local embedding models`.
        package: name of the installable package when it differs from the module's first part.
        extra: the extra that brings it.

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(feature, extra, package or module.partition(".")[0]) from error
