"""One door: `connect(target)` gives the official client, whatever stands behind it.

This is the only module of the toolkit that knows the embedded node. Everything above it is handed a client and
cannot tell which kind.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from headpond import config
from headpond.errors import InputError, MissingExtraError, TargetError

if TYPE_CHECKING:
    from elasticsearch import ApiError, AsyncElasticsearch, Elasticsearch

    from headpond.node import Node

VALID = "memory, embedded, embedded:PATH, cluster, or a URL such as http://127.0.0.1:9200"
_POND_URL = "http://pond:9200"
_CONNECTIONS = 64
"""At a time; the client's own 10 would hold up jobs whose endpoints bear more. They are opened when they are needed."""


def connect(
    target: str | None = None,
    *,
    inference: str = "target",
    check: bool = True,
    create: bool = True,
    **options: Any,
) -> Elasticsearch:
    """A client of the pond or of a cluster.

    Args:
        target: `memory` (a pond that is gone when the client is closed), `embedded:PATH` (a pond kept in a folder;
            `embedded` alone means `.headpond`), the URL of a cluster, or `cluster`: the one that `headpond cluster up`
            started. None takes `HEADPOND_TARGET`, else `embedded:.headpond`.
        inference: who answers `_inference/*`: `target`, or for a URL `embedded` (a pond in memory beside the cluster)
            or `embedded:PATH`.
        check: for a URL, ask once who is there, so that a wrong address fails here with one clear message.
        create: make the folder of a pond that is not there yet; False refuses it.
        options: passed on to `elasticsearch.Elasticsearch` (`api_key`, `basic_auth`, `ca_certs`, ...); for a URL,
            `HEADPOND_API_KEY`, `HEADPOND_BASIC_AUTH` (`user:password`) and `HEADPOND_CA_CERTS` fill in what is not
            given.

    Raises:
        InputError: the target is not one of the forms above.
        TargetError: nobody answers, the credentials are refused, the version is not supported, or there is no pond.
    """
    from elasticsearch import Elasticsearch

    from headpond.node.transport import PondBeside, node_class
    from headpond.overheard import HeardNode
    from headpond.serializer import SERIALIZERS

    target = target or config.target()
    options.setdefault("serializers", SERIALIZERS)
    pond = _open_pond(target, inference, create=create)
    if pond is not None:
        return Elasticsearch(_POND_URL, node_class=node_class(pond), **options)
    url, options = _cluster_options(target, options)
    options.setdefault("connections_per_node", _CONNECTIONS)
    if inference != "target":
        options["node_class"] = node_class(_inference_pond(inference, create=create), PondBeside)
    options.setdefault("node_class", HeardNode)
    client = Elasticsearch(url, **options)
    if check:
        try:
            _check(client, url)
        except BaseException:
            client.close()
            raise
    return client


def connect_async(target: str | None = None, *, inference: str = "target", **options: Any) -> AsyncElasticsearch:
    """As `connect`, but an `AsyncElasticsearch`; a cluster is not asked who it is before the first call.

    Raises:
        InputError: the target is not a valid form.
        MissingExtraError: a URL needs aiohttp (extra `async`).
    """
    from elasticsearch import AsyncElasticsearch

    from headpond.node.transport import AsyncPondNode, node_class
    from headpond.serializer import SERIALIZERS

    target = target or config.target()
    options.setdefault("serializers", SERIALIZERS)
    pond = _open_pond(target, inference)
    if pond is not None:
        return AsyncElasticsearch(_POND_URL, node_class=node_class(pond, AsyncPondNode), **options)
    try:
        from headpond.node.async_beside import AsyncPondBeside
    except ImportError:
        raise MissingExtraError("an async client of a cluster", "async", "aiohttp") from None
    url, options = _cluster_options(target, options)
    if inference != "target":
        options["node_class"] = node_class(_inference_pond(inference), AsyncPondBeside)
    return AsyncElasticsearch(url, **options)


def without_credentials(url: str) -> str:
    """What a message may show of something that was meant as a URL: all but what stands before its last `@`."""
    scheme, slashes, rest = url.partition("://")
    if not slashes:
        scheme, rest = "", url
    _, at, host = rest.rpartition("@")
    return f"{scheme}{slashes}...@{host}" if at else url


def pond_path(target: str) -> Path | None:
    """The folder behind an `embedded` target, None for any other."""
    if target == "embedded":
        return Path(".headpond")
    if target.startswith("embedded:"):
        return Path(target.removeprefix("embedded:") or ".headpond").expanduser()
    return None


def _open_pond(target: str, inference: str, *, create: bool = True) -> Node | None:
    path = pond_path(target)
    if path is None and target != "memory":
        if target != "cluster" and not target.startswith(("http://", "https://")):
            raise InputError(f"{without_credentials(target)!r} is not a target", hint=f"valid: {VALID}")
        return None
    if inference != "target":
        raise InputError(f"inference={inference!r} is for a cluster's URL; {target!r} answers _inference itself")
    return _pond(path, create=create)


def _inference_pond(inference: str, *, create: bool = True) -> Node:
    path = None if inference == "embedded" else pond_path(inference)
    if path is None and inference != "embedded":
        raise InputError(f"inference={inference!r} is not known", hint="valid: target, embedded, embedded:PATH")
    return _pond(path, create=create)


def _pond(path: Path | None, *, create: bool) -> Node:
    from headpond.node import Node
    from headpond.node.store.database import FILE_NAME

    if path is not None and not create and (path.is_dir() or not path.exists()) and not (path / FILE_NAME).exists():
        raise TargetError(
            f"there is no pond in {path}",
            hint="headpond ingest makes one and fills it; or give the one you mean: --target embedded:PATH",
        )
    return Node(path)


def _cluster_options(target: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Takes credentials out of the URL, so that no message can show them, and adds what the environment gives."""
    if target == "cluster":
        return _development_cluster(options)
    parts = urlsplit(target)
    given = options.keys() & {"api_key", "basic_auth", "bearer_auth"}
    if parts.username is not None:
        if given:
            raise InputError("credentials stand both in the URL and in the options", hint="give them once")
        options["basic_auth"] = (parts.username, parts.password or "")
        host = parts.netloc.rpartition("@")[2]
        target = urlunsplit(parts._replace(netloc=host))
    elif not given:
        if key := os.environ.get("HEADPOND_API_KEY"):
            options["api_key"] = key
        elif basic := os.environ.get("HEADPOND_BASIC_AUTH"):
            user, _, password = basic.partition(":")
            options["basic_auth"] = (user, password)
    if "ca_certs" not in options and (certificates := os.environ.get("HEADPOND_CA_CERTS")):
        options["ca_certs"] = certificates
    try:
        port = urlsplit(target).port
    except ValueError:
        raise InputError(f"the port in {target!r} is not a number") from None
    if port is None:
        target = urlunsplit(urlsplit(target)._replace(netloc=f"{urlsplit(target).hostname}:9200"))
    return target, options


def _development_cluster(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    from headpond.cluster import password, status

    found = status()
    if found.url is None:
        raise TargetError(f"the development cluster is {found.state}", hint="start it: headpond cluster up")
    if not options.keys() & {"api_key", "basic_auth", "bearer_auth"}:
        options["basic_auth"] = ("elastic", password.read() or "")
    return found.url, options


def _check(client: Elasticsearch, url: str) -> None:
    """Asks once who answers at `url`.

    Raises:
        TargetError: as `connect` says.
    """
    from elastic_transport import ConnectionTimeout, TlsError, TransportError
    from elasticsearch import ApiError, AuthenticationException, AuthorizationException, UnsupportedProductError

    try:
        version = _version(client.options(request_timeout=10, max_retries=0))
    except TlsError as error:
        raise TargetError(
            f"{url}: TLS failed: {error.message}", hint="set HEADPOND_CA_CERTS or pass ca_certs"
        ) from None
    except ConnectionTimeout:
        raise TargetError(f"{url} did not answer within 10 s", transient=True) from None
    except TransportError as error:
        raise TargetError(
            f"nobody answers at {url}: {error.message}",
            hint="start one (headpond cluster up, headpond serve), or use a pond: --target embedded:.headpond",
            transient=True,
        ) from None
    except AuthorizationException as error:
        if "[cluster:monitor/main]" in str(error):
            return  # somebody whom the cluster knows, who may not see its version
        raise _refused(url, error) from None
    except AuthenticationException as error:
        raise _refused(url, error) from None
    except UnsupportedProductError:
        raise TargetError(f"{url} is not an Elasticsearch") from None
    except ApiError as error:
        if error.error == "media_type_header_exception":
            raise TargetError(
                f"{url} runs an Elasticsearch older than 9", hint="headpond speaks to Elasticsearch 9.x"
            ) from None
        raise TargetError(f"{url} answered {error.meta.status}: {error.error}") from None
    if version.split(".")[0] != "9":
        raise TargetError(f"{url} runs Elasticsearch {version}", hint="headpond speaks to Elasticsearch 9.x")


def _refused(url: str, error: ApiError) -> TargetError:
    return TargetError(
        f"{url} refuses the credentials ({error.meta.status})",
        hint="set HEADPOND_API_KEY or HEADPOND_BASIC_AUTH=user:password, or put user:password@ into the URL",
    )


def _version(client: Elasticsearch) -> str:
    answer = client.options(ignore_status=[400, 405]).info()
    if "version" in answer:
        return str(answer["version"]["number"])
    # A distribution without the main REST module does not answer GET /, but its nodes know their version.
    nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"]
    return str(next(iter(nodes.values()))["version"])
