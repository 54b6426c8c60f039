"""The docker engine: whether it answers, and what it says of the cluster's container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headpond.errors import MissingExtraError, TargetError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


def connect() -> DockerClient:
    """A client of the docker engine that the environment names.

    Raises:
        MissingExtraError: the docker SDK is not installed.
        TargetError: no engine answers.
    """
    try:
        import docker
    except ImportError as error:
        raise MissingExtraError("headpond cluster", "cluster", "docker") from error
    client = None
    try:
        client = docker.from_env(timeout=30)
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        if client is not None:
            client.close()
        raise TargetError(
            f"no docker engine answers: {_brief(error)}",
            hint="start Docker (or set DOCKER_HOST), then try again; without docker, "
            "a target such as embedded:.headpond needs no cluster",
        ) from error
    return client


def find_container(client: DockerClient, project: str, service: str) -> Container | None:
    """The container of a service of a compose project, running or not."""
    labels = [f"com.docker.compose.project={project}", f"com.docker.compose.service={service}"]
    found: list[Container] = client.containers.list(all=True, filters={"label": labels})
    return found[0] if found else None


def _brief(error: BaseException) -> str:
    """The innermost reason of the SDK's long chain."""
    text = str(error)
    for reason, meaning in (
        ("No such file or directory", "there is no socket at the engine's address"),
        ("FileNotFoundError", "there is no socket at the engine's address"),
        ("Permission denied", "this user may not use the engine's socket"),
        ("PermissionError", "this user may not use the engine's socket"),
        ("Connection refused", "connection refused"),
    ):
        if reason in text:
            return meaning
    return text.splitlines()[0][:200] if text else type(error).__name__
