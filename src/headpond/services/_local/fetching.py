"""Fetching weights for an endpoint, for as long as somebody waits and on after that."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, TimeoutError

from headpond.errors import HeadpondError, MissingExtraError, ModelError, RestError
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception
from headpond.models.card import Card
from headpond.models.fetching import pull

log = logging.getLogger("headpond.services.elasticsearch")

_lock = threading.Lock()
_running: dict[str, Future[None]] = {}


def fetch(card: Card, deadline: Deadline) -> None:
    """Waits until the model is on this machine; a fetch under way is joined.

    Args:
        card: the model.
        deadline: the fetch itself goes on when it passes, so that a later call finds the model.

    Raises:
        RestError: 404, no source has it; 408, it is still on its way; both name the command that fetches it.
    """
    with _lock:
        future = _running.get(card.name)
        if future is None:
            future = _running[card.name] = Future()
            threading.Thread(target=_fetch, args=(card.name, future), name="headpond-fetch", daemon=True).start()
    try:
        # A little earlier than the caller's own clock, so that this error and not a bare timeout is the answer.
        future.result(min(max(0.0, deadline.remaining - 0.2), threading.TIMEOUT_MAX))
    except TimeoutError:
        size = f"{card.size / 1e6:.0f} MB"
        reason = f"Request timed out after [{deadline}]: the model [{card.name}] ({size}) is still being fetched"
        raise status_exception(408, f"{reason}; ask again later, or run: headpond models pull {card.name}") from None
    except HeadpondError as error:
        raise as_rest(error, card.name) from error


def _fetch(name: str, future: Future[None]) -> None:
    try:
        pull(name, lambda step: log.info("%s: %s %s", step.model, step.state, step.source))
    except BaseException as error:  # it belongs to those who wait
        future.set_exception(error)
    else:
        future.set_result(None)
    finally:
        with _lock:
            _running.pop(name, None)


def as_rest(error: HeadpondError, name: str) -> RestError:
    """The answer of an endpoint whose model cannot be had or run."""
    if isinstance(error, MissingExtraError):
        return RestError(501, "not_implemented_exception", str(error))
    if isinstance(error, ModelError):
        reason = f"Could not start the model [{name}]: {error.message}"
        hint = error.hint or ""
        if "headpond models" not in hint:
            hint = f"to fetch it, run: headpond models pull {name}" + (f" ({hint})" if hint else "")
        return RestError(404, "resource_not_found_exception", f"{reason}; {hint}")
    return RestError(500, "status_exception", str(error))
