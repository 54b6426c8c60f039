"""Starts, describes and ends the development cluster of `docker-compose.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headpond.cluster import compose, engine, password
from headpond.errors import HeadpondError, TargetError, UnknownNameError

if TYPE_CHECKING:
    from docker.models.containers import Container

State = Literal["absent", "starting", "healthy", "unhealthy", "stopped"]

PROFILES = {"single": "elasticsearch"}  # profile -> service of the compose file
START_SECONDS = 240
PULL_SECONDS = 1800  # the image has about 700 MB


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What stands behind the compose file now.

    Attributes:
        state: `absent`, `starting`, `healthy`, `unhealthy` or `stopped`.
        url: where it answers, None unless it runs.
        version: of Elasticsearch, from the image's tag.
        password_file: the generated password of the user `elastic`; None when the environment gave one.
    """

    state: State
    url: str | None = None
    version: str | None = None
    password_file: Path | None = None


def up(
    profile: str = "single", *, wait: bool = True, version: str | None = None, port: int | None = None
) -> ClusterStatus:
    """Starts the cluster, or leaves it as it is when it runs.

    Args:
        profile: which nodes; see `PROFILES`.
        wait: return when it answers with the password, not when it has been started.
        version: of Elasticsearch; default: `HEADPOND_ES_VERSION`, else the one in the file.
        port: on 127.0.0.1; default: `HEADPOND_ES_PORT`, else 9200.

    Raises:
        UnknownNameError: no such profile.
        MissingExtraError: the docker SDK is not installed.
        TargetError: no docker, no engine, no compose plugin, the port is taken, the image cannot be pulled,
            or the node does not become healthy; the message says which and what to do.
    """
    if profile not in PROFILES:
        raise UnknownNameError("cluster profile", profile, PROFILES)
    engine.connect().close()
    secret = password.read_or_make()
    variables = {}
    if version:
        variables["HEADPOND_ES_VERSION"] = version
    if port:
        variables["HEADPOND_ES_PORT"] = str(port)
    waiting = ["--wait", "--wait-timeout", str(START_SECONDS)] if wait else []
    try:
        compose.run(
            "up", "--detach", *waiting, PROFILES[profile], secret=secret, variables=variables, timeout=PULL_SECONDS
        )
    except TargetError as error:
        raise _diagnose(PROFILES[profile], error) from error
    return status(profile)


def status(profile: str = "single") -> ClusterStatus:
    """What the engine knows of the cluster.

    Raises:
        MissingExtraError: the docker SDK is not installed.
        TargetError: no engine answers.
    """
    if profile not in PROFILES:
        raise UnknownNameError("cluster profile", profile, PROFILES)
    client = engine.connect()
    try:
        container = engine.find_container(client, compose.project(), PROFILES[profile])
        return ClusterStatus("absent") if container is None else _describe(container)
    finally:
        client.close()


def down(*, volumes: bool = False) -> None:
    """Ends the cluster; its data stays unless told otherwise.

    Args:
        volumes: remove the data and the generated password too.

    Raises:
        MissingExtraError: the docker SDK is not installed.
        TargetError: no docker, no engine, or compose failed.
    """
    engine.connect().close()
    options = ["--volumes"] if volumes else []
    # The file wants some password even to be read.
    compose.run("down", *options, secret=password.read() or "none", variables={}, timeout=180)
    if volumes:
        password.forget()


def _describe(container: Container) -> ClusterStatus:
    attributes = container.attrs
    state = attributes["State"]
    health = state.get("Health", {}).get("Status")
    name: State
    if not state.get("Running"):
        name = "stopped"
    elif health in ("healthy", "unhealthy"):
        name = "healthy" if health == "healthy" else "unhealthy"
    else:
        name = "starting"
    published = (attributes["NetworkSettings"]["Ports"] or {}).get("9200/tcp") or []
    url = f"http://{published[0]['HostIp']}:{published[0]['HostPort']}" if published else None
    return ClusterStatus(
        state=name,
        url=url if name != "stopped" else None,
        version=str(attributes["Config"]["Image"]).rpartition(":")[2],
        password_file=password.kept_in(),
    )


def _diagnose(service: str, error: TargetError) -> TargetError:
    """What the node's own log says of a start that failed, else the error as it is."""
    try:
        client = engine.connect()
        container = engine.find_container(client, compose.project(), service)
        log = container.logs(tail=200).decode(errors="replace") if container is not None else ""
        health = str(container.attrs["State"].get("Health", {}).get("Log", "")) if container is not None else ""
        killed = container is not None and container.attrs["State"].get("OOMKilled")
    except HeadpondError:
        return error
    if "vm.max_map_count" in log and "is too low" in log:
        return TargetError(
            "the kernel's vm.max_map_count is too low for Elasticsearch",
            hint="as root: sysctl -w vm.max_map_count=262144 (and put it into /etc/sysctl.d to keep it)",
        )
    if killed or "OutOfMemoryError" in log:
        return TargetError(
            "the node ran out of memory",
            hint="give it more: HEADPOND_ES_MEMORY=4g HEADPOND_ES_HEAP=2g headpond cluster up",
        )
    if "error: 401" in health:
        return TargetError(
            "the node does not take the password: another one has been set in it",
            hint=f"set {password.VARIABLE} to the right one, or begin anew: headpond cluster down --volumes",
        )
    return error
