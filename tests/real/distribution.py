"""Gets an Elasticsearch distribution and makes it fit for tests, once per version.

The distribution is `org.elasticsearch.distribution.integ-test-zip` of Maven Central: the server without its modules.
A plugin of our own (`java/`), compiled against the server's jars, adds `GET /` and what tests need of
the analysis module: the english and french analyzers, the whitespace and keyword tokenizers.
The result is read only and shared by all runs; each node brings its own configuration, data and log folders.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEFAULT_VERSION = "9.2.4"
MINIMUM_JAVA = 21
ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"
PLUGIN = "headpond-test-node"
SOURCES = Path(__file__).parent / "java"
REPOSITORY = Path(__file__).parents[2]


class UnavailableError(Exception):
    """No real Elasticsearch can be started on this machine; the message says what is missing."""


def prepare(version: str) -> Path:
    """The folder of the distribution `version`, fetched and completed on first use.

    Raises:
        UnavailableError: no JDK, no Maven, or Maven cannot get the artifact.
    """
    home = cache_folder() / f"{version}-{_sources_hash()}"
    if not home.is_dir():
        java = find_jdk()
        home.parent.mkdir(parents=True, exist_ok=True)
        with _locked(home.parent / f"{home.name}.lock"):
            if not home.is_dir():
                _build(version, java, home)
    return home


def _sources_hash() -> str:
    """Eight digits that change with the plugin, so that a changed one is built anew."""
    digest = hashlib.sha256()
    for source in sorted(SOURCES.rglob("*.java")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:8]


def cache_folder() -> Path:
    """Where distributions are kept: `HEADPOND_TEST_REAL_ES`, else `.cache/real-es` of the checkout.

    A root user starts the node as another user, who must be able to read the folder; where the checkout is
    closed to others, a folder below the system's temporary one is used.
    """
    if explicit := os.environ.get("HEADPOND_TEST_REAL_ES"):
        return Path(explicit)
    folder = REPOSITORY / ".cache" / "real-es"
    if os.geteuid() == 0 and not all(part.stat().st_mode & 0o001 for part in REPOSITORY.parents):
        return Path(tempfile.gettempdir()) / "headpond-real-es"
    return folder


@functools.cache
def find_jdk() -> Path:
    """A JDK of version 21 or newer: `ES_JAVA_HOME`, `JAVA_HOME`, the one on the PATH, then the usual folders."""
    named = [Path(value) for name in ("ES_JAVA_HOME", "JAVA_HOME") if (value := os.environ.get(name))]
    on_path = shutil.which("javac")
    usual = [
        folder
        for pattern in ("/usr/lib/jvm/*", "/opt/*jdk*", "/Library/Java/JavaVirtualMachines/*/Contents/Home")
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    ]
    seen: list[str] = []
    for folder in [*named, *([Path(on_path).resolve().parents[1]] if on_path else []), *usual]:
        version = _java_version(folder)
        if version >= MINIMUM_JAVA:
            return folder
        if version:
            seen.append(f"{folder} is {version}")
    found = f" ({'; '.join(seen)})" if seen else ""
    raise UnavailableError(f"no JDK {MINIMUM_JAVA} or newer was found{found}; install one or set ES_JAVA_HOME")


def _java_version(folder: Path) -> int:
    """The major version of the JDK in `folder`, 0 where there is none."""
    release = folder / "release"
    if not (folder / "bin" / "javac").exists() or not release.is_file():
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _build(version: str, java: Path, home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="unfinished-") as unfinished:
        zipped = _fetch(version, Path(unfinished))
        with zipfile.ZipFile(zipped) as archive:
            archive.extractall(unfinished)
        unpacked = Path(unfinished) / f"elasticsearch-{version}"
        for script in (unpacked / "bin").iterdir():
            script.chmod(0o755)
        for library in (unpacked / "lib").rglob("*.so"):
            library.chmod(0o755)
        _add_plugin(version, java, unpacked)
        unpacked.rename(home)


def _fetch(version: str, folder: Path) -> Path:
    """The distribution's zip, copied into `folder` by Maven."""
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("no Maven (mvn) was found; install it")
    artifact = ARTIFACT.format(version=version)
    command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr.strip()[-300:])
        raise UnavailableError(f"Maven could not get {artifact}: {said}")
    return folder / f"elasticsearch-{version}.zip"


def _add_plugin(version: str, java: Path, home: Path) -> None:
    """Compiles `java/` against the server's jars and lays the plugin into `home/plugins`."""
    fitting = "from-9.5" if _numbers(version) >= (9, 5) else "until-9.4"
    sources = [*sorted((SOURCES / "common").glob("*.java")), *sorted((SOURCES / fitting).glob("*.java"))]
    target = home / "plugins" / PLUGIN
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as classes:
        compiler = [java / "bin" / "javac", "--release", str(MINIMUM_JAVA), "-nowarn"]
        _tool(*compiler, "-cp", f"{home}/lib/*", "-d", classes, *sources)
        _tool(java / "bin" / "jar", "--create", "--file", target / f"{PLUGIN}.jar", "-C", classes, ".")
    descriptor = {
        "name": PLUGIN,
        "description": "GET / and language analyzers for a test node",
        "version": "1.0",
        "classname": "headpond.testnode.TestNodePlugin",
        "java.version": str(MINIMUM_JAVA),
        "elasticsearch.version": version,
    }
    lines = "".join(f"{key}={value}\n" for key, value in descriptor.items())
    (target / "plugin-descriptor.properties").write_text(lines)


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _tool(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
