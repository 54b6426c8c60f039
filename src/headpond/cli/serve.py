"""Serve the pond over HTTP, for any client in any language.

Answers as Elasticsearch does, on a loopback address, until Ctrl-C. In front of a cluster (--upstream) it answers
_inference itself and passes everything else on, so that any client gets the inference API on any licence.

With --security every request must carry a user's password or an API key. The user elastic gets HEADPOND_PASSWORD at
the first start, else a password that is made up and shown once. With --security and TLS the pond may listen on any
address.

With --hook searches pass through a pipeline on their way, whoever sends them: its request processors, its retrievers,
its response processors. A pipeline is for the index that its file names, or for every index where it names none;
INDEX=PIPELINE says it otherwise. Its endpoints are made in the pond.

headpond serve
headpond serve --security --tls-cert pond.crt --tls-key pond.key --host 0.0.0.0
headpond serve --upstream https://es.example.org:9200 --port 9201
headpond serve --upstream https://es.example.org:9200 --port 9201 --hook reranked.yaml --hook "logs-*=logs.yaml"
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headpond.cli import options
from headpond.errors import InputError

if TYPE_CHECKING:
    from headpond.node.serve import Wrap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("--target", metavar="T", help="memory or embedded:PATH (default: embedded:.headpond)")
    parser.add_argument("--upstream", metavar="URL", help="a cluster that answers everything but _inference")
    parser.add_argument(
        "--hook",
        action="append",
        default=[],
        metavar="[INDEX=]PIPELINE",
        help="a pipeline that searches pass through (name or path); again for others",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="a loopback address, with --security and TLS any (default: 127.0.0.1)"
    )
    parser.add_argument("--port", type=options.port, default=9200, help="0 takes a free one (default: 9200)")
    parser.add_argument("--security", action="store_true", help="ask who sends a request, and look at their roles")
    parser.add_argument("--password-file", metavar="FILE", help="holds elastic's first password (or HEADPOND_PASSWORD)")
    parser.add_argument("--reset-password", action="store_true", help="give elastic that password, or a new one")
    parser.add_argument("--tls-cert", metavar="FILE", help="PEM file with the certificate to serve with")
    parser.add_argument("--tls-key", metavar="FILE", help="PEM file with its private key")


def run(args: argparse.Namespace) -> int:
    """Serves until interrupted."""
    from headpond.toolkit import serve

    serve(
        args.target,
        host=args.host,
        port=args.port,
        upstream=args.upstream,
        security=args.security,
        password=_password(args.password_file),
        reset_password=args.reset_password,
        tls_cert=args.tls_cert,
        tls_key=args.tls_key,
        wrap=_hooked(args.hook),
    )
    return 0


def _hooked(hooks: Sequence[str]) -> Wrap | None:
    """What puts the pipelines before the pond; their files are read before anything is served."""
    if not hooks:
        return None
    from headpond.hook import names, specification
    from headpond.hooked.app import wrapper

    pipelines = []
    for given in hooks:
        index, equals, pipeline = given.partition("=")
        named = bool(equals) and not Path(given).exists()
        spec = specification(pipeline if named else given)
        pipelines.append((spec, names(spec, index if named else None)))
    return wrapper(pipelines)


def _password(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        password = Path(file).read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the password cannot be read from {file}: {error}") from None
    if not password:
        raise InputError(f"{file} holds no password")
    return password
