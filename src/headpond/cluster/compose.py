"""Runs `docker compose` on the cluster's file and turns its complaints into errors that say what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from headpond.cluster import password
from headpond.errors import TargetError

_PACKAGE = Path(__file__).parents[1]
FILE_NAME = "docker-compose.yml"


def find_file() -> Path:
    """The compose file: the one shipped in the package, else that of the checkout.

    Raises:
        TargetError: the installation lacks it.
    """
    for candidate in (_PACKAGE / "_data" / FILE_NAME, _PACKAGE.parents[1] / FILE_NAME):
        if candidate.is_file():
            return candidate
    raise TargetError(f"this installation lacks {FILE_NAME}", hint="pip install --force-reinstall headpond")


def project() -> str:
    """The compose project: `COMPOSE_PROJECT_NAME`, else `headpond`."""
    return os.environ.get("COMPOSE_PROJECT_NAME") or "headpond"


def run(*arguments: str, secret: str, variables: Mapping[str, str], timeout: float) -> None:
    """Runs `docker compose ARGUMENTS`.

    Args:
        arguments: the verb and its options.
        secret: the password, handed over in the environment and cut out of every message.
        variables: further variables of the compose file.
        timeout: seconds after which it is given up.

    Raises:
        TargetError: there is no docker command or compose plugin, or the command failed.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise TargetError(
            "no docker command was found",
            hint="install Docker with its compose plugin: https://docs.docker.com/get-docker/",
        )
    command = [docker, "compose", "-p", project(), "-f", str(find_file()), *arguments]
    environment = {**os.environ, **variables, password.VARIABLE: secret}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise TargetError(
            f"docker compose {arguments[0]} did not end in {timeout:.0f} s",
            hint="see `docker compose ls` and the engine's log",
            transient=True,
        ) from error
    if done.returncode:
        raise _explain(arguments[0], (done.stderr or done.stdout).replace(secret, "********"))


# What compose says -> what was wrong, and what to do next.
_COMPLAINTS: tuple[tuple[str, str, str], ...] = (
    (
        r"is not a docker command|unknown shorthand flag: 'p'|unknown command: docker compose",
        "docker has no compose plugin",
        "install it: https://docs.docker.com/compose/install/",
    ),
    (
        r"port is already allocated|address already in use|ports are not available",
        "the port is taken",
        "end what listens there, or choose another: HEADPOND_ES_PORT=9201 headpond cluster up",
    ),
    (
        r"no such host|dial tcp|TLS handshake timeout|i/o timeout|proxyconnect"
        r"|pull access denied|manifest unknown|manifest for .* not found|failed to resolve reference",
        "the image cannot be pulled",
        "check the network and HEADPOND_ES_VERSION, or load the image with `docker load`",
    ),
    (
        r"Cannot connect to the Docker daemon|docker daemon is not running",
        "no docker engine answers",
        "start Docker (or set DOCKER_HOST), then try again",
    ),
    (r"no space left on device", "no space is left for docker", "free some: docker system df, docker system prune"),
)


def _explain(verb: str, said: str) -> TargetError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for pattern, meaning, hint in _COMPLAINTS:
        found = next((line for line in lines if re.search(pattern, line)), None)
        if found:
            return TargetError(f"{meaning}: {found[-300:]}", hint=hint)
    last = lines[-1][-300:] if lines else "it said nothing"
    return TargetError(f"docker compose {verb} failed: {last}", hint="see `docker compose logs elasticsearch`")
