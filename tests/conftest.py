"""A clean environment for every test, what tests of many areas start from, and the node that parity tests talk to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, settings

from headpond.connect import connect
from tests.real.fixtures import real_node, say_what_could_not_run
from tests.services.provider import Provider

__all__ = ["real_node"]

REPOSITORY = Path(__file__).parents[1]
MODELS = Path(os.environ.get("HEADPOND_TEST_MODELS") or REPOSITORY / ".cache" / "models")
# Settings of the project, and keys of the providers: a test sets what it needs itself.
FOREIGN = ("HEADPOND_", "OPENAI_", "COHERE_", "HF_", "JINA_", "VOYAGE_", "AZURE_", "GOOGLE_", "AWS_", "ELASTIC_")
KEPT = ("HEADPOND_TEST_", "HF_HUB_OFFLINE", "HF_ENDPOINT")

# A busy machine is no failure: no example has a deadline, and slow generation is none either.
settings.register_profile(
    "headpond",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("headpond")


# What a shell starts in the background ignores Ctrl-C, and its children inherit that; some tests send it to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("headpond")
    group.addoption(
        "--es",
        default="pond",
        metavar="TARGET",
        help="what tests/parity talk to: pond (in process), http (the pond, served), real or real:VERSION "
        "(Elasticsearch, started here), or a URL; default: pond",
    )
    group.addoption(
        "--record", action="store_true", help="keep the answers of a real Elasticsearch as the expected ones"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    say_what_could_not_run(terminalreporter)


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting or key of the machine reaches a test; caches go to a folder of this run, models to a shared one."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN) and not name.startswith(KEPT):
                patch.delenv(name)
        # A command that tests start compiles the package once, and not each time.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        home = tmp_path_factory.mktemp("headpond-home")
        MODELS.mkdir(parents=True, exist_ok=True)
        (home / "models").symlink_to(MODELS, target_is_directory=True)
        patch.setenv("HEADPOND_HOME", str(home))
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: all that a test writes, caches too, stays in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADPOND_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def es() -> Iterator[Elasticsearch]:
    """The client of a fresh pond in memory, as users have it."""
    with connect("memory") as client:
        yield client


@pytest.fixture
def client() -> Iterator[Elasticsearch]:
    """The client of a fresh pond in memory; it asks once, so that the first answer is the one that a test sees."""
    with connect("memory", max_retries=0) as client:
        yield client


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A server on this machine in the place of a provider."""
    provider = Provider()
    yield provider
    provider.close()
