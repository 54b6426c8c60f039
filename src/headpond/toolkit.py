"""The one-liners of the public surface: load a pipeline, serve a pond."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headpond.connect import connect, pond_path, without_credentials
from headpond.errors import InputError, RestError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from headpond.node import Node
    from headpond.node.serve import Tls, Wrap
    from headpond.pipeline import Pipeline


def load(
    name_or_path: str | Path, *, client: Elasticsearch | None = None, stages: Sequence[Callable[..., Any]] = ()
) -> Pipeline:
    """A pipeline by name (`quickstart`) or path, bound to a client.

    Args:
        name_or_path: the name of a shipped pipeline, of a file in `pipelines/`, or a path.
        client: the client it works with; None connects to the default target (see `headpond.connect`).
        stages: functions that the file may name as processors; each gets a document (or, marked with
            `headpond.batch`, a list of them) and the options that the file gives as keyword arguments.

    Raises:
        PipelineError: the file is wrong; the message says in which line.
        UnknownNameError: no pipeline has this name.
        InputError: a stage cannot be a processor.
    """
    from headpond.models.counting import token_counter
    from headpond.pipeline import Pipeline
    from headpond.pipeline.load import load as read

    spec = read(name_or_path, stages=stages)
    return Pipeline(spec, client or connect(), tokenizers=token_counter, judge=_judge)


def _judge(inference_id: str, body: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    from headpond.node.settings_lint import settings_problems

    return settings_problems(inference_id, body)


def serve(
    target: str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 9200,
    upstream: str | None = None,
    security: bool = False,
    password: str | None = None,
    reset_password: bool = False,
    tls_cert: str | Path | None = None,
    tls_key: str | Path | None = None,
    wrap: Wrap | None = None,
) -> None:
    """Serves a pond over HTTP until interrupted.

    Args:
        target: `memory` or `embedded:PATH`; None takes the default target.
        host: a loopback address; with security and TLS any address of this machine.
        port: 0 takes a free one.
        upstream: the URL of a cluster. The pond then answers `_inference/*` for those whom the cluster grants the
            privileges for it, and passes everything else on. `HEADPOND_CA_CERTS` names the file of its authorities.
        security: whether every request must say who sends it (basic authentication or an API key), and may only do
            what their roles allow.
        password: of the user `elastic` when security is on for the first time; None takes `HEADPOND_PASSWORD`, else
            one is made up and shown once on stderr.
        reset_password: gives `elastic` that password, or another one that is made up, though there is one already.
        tls_cert: a PEM file with the certificate to serve with.
        tls_key: a PEM file with its key.
        wrap: puts an ASGI application before the pond's, as `headpond serve --hook` does; given that and the pond.

    Raises:
        InputError: the target is no pond, the address may not be served, the cluster's URL is none, the password is
            too short, or the certificate cannot be used.
        TargetError: the port is taken.
        MissingExtraError: the extra `serve` is missing.
    """
    from headpond import config
    from headpond.node.serve import bind, check_extra
    from headpond.node.serve import serve as answer

    target = target or config.target()
    path = pond_path(target)
    if path is None and target != "memory":
        raise InputError(f"{target!r} cannot be served", hint="valid: memory, embedded, embedded:PATH")
    if upstream is not None:
        _check_upstream(upstream)
        if security:
            raise InputError(
                "security in front of a cluster is the cluster's own", hint="leave --security out with --upstream"
            )
    if not security and (password is not None or reset_password):
        raise InputError("a password is of no use without security", hint="add --security")
    tls = _tls(tls_cert, tls_key)
    check_extra()
    listener = bind(host, port, security=security, tls=tls is not None)
    try:
        node = _open(path, security, password or config.password(), reset_password)
        try:
            bound = listener.getsockname()
            _say_where(target, f"{'http' if tls is None else 'https'}://{bound[0]}:{bound[1]}", upstream)
            answer(node, listener, upstream, tls, wrap)
        finally:
            node.close()
    finally:
        listener.close()


def _check_upstream(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = without_credentials(url)
        raise InputError(f"{shown!r} is not the URL of a cluster", hint="as in --upstream https://es.example.org:9200")
    if parts.username is not None:
        raise InputError(
            "the cluster's URL holds credentials",
            hint="leave them out: whoever asks sends their own, and they are passed on",
        )


def _tls(certificate: str | Path | None, key: str | Path | None) -> Tls | None:
    from headpond.node.serve import Tls

    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InputError("TLS needs a certificate and its key", hint="give both --tls-cert and --tls-key")
    tls = Tls(Path(certificate), Path(key))
    tls.check()
    return tls


def _open(path: Path | None, security: bool, password: str | None, reset: bool) -> Node:
    """The pond, and a word on stderr about the password of `elastic` where it is not the one that was given."""
    from headpond.node import Node

    if not security:
        return Node(path)
    try:
        node = Node(path, security=True, password=password)
    except RestError as error:
        raise InputError(f"the password of elastic: {error.reason}") from None
    guard = node.security
    if guard is None:
        return node
    if reset and not guard.is_new:
        guard.reset_password(password)
    if made_up := guard.take_password():
        _say(f"the password of the user elastic, shown this once: {made_up}")
    elif password is not None and not guard.is_password(password):
        _say("the user elastic keeps the password it has; --reset-password gives it the one of HEADPOND_PASSWORD")
    return node


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _say_where(target: str, url: str, upstream: str | None) -> None:
    """Says on stderr where the pond is."""
    what = f"the pond ({target}) answers"
    if upstream is not None:
        what = f"the pond ({target}) answers _inference, {upstream} everything else,"
    _say(f"{what} at {url}, Ctrl-C ends it")
