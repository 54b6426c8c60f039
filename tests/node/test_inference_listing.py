"""Which endpoints and services are listed: all, those of a task type, one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from headpond.node import Node
from headpond.node.inference import SERVICES
from tests.node.doors import DOORS, Ask, through

TYPES = ("text_embedding", "sparse_embedding", "rerank", "completion", "chat_completion")
BUILTIN = {
    ".elser-2-elasticsearch": "sparse_embedding",
    ".multilingual-e5-small-elasticsearch": "text_embedding",
    ".rerank-v1-elasticsearch": "rerank",
}
ALL = {**BUILTIN, **{name.replace("_", "-"): name for name in TYPES}}


@contextmanager
def asking(door: str) -> Iterator[Ask]:
    """Asks a pond that has one endpoint of each task type."""
    node = Node()
    with through(door, node) as ask:
        for task_type in TYPES:
            target = f"/_inference/{task_type}/{task_type.replace('_', '-')}"
            assert ask("PUT", target, {"service": "fake", "service_settings": {}}).status == 200
        yield ask
    node.close()


@pytest.fixture(scope="module", params=DOORS)
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """A pond that is only looked at."""
    with asking(request.param) as ask:
        yield ask


@pytest.fixture
def fresh() -> Iterator[Ask]:
    """A pond of one test."""
    with asking("in process") as ask:
        yield ask


def listed(ask: Ask, target: str) -> dict[str, str]:
    """Ids and task types of the endpoints that are listed, in their order."""
    found = ask("GET", target).json()
    assert set(found) == {"endpoints"}, found
    return {endpoint["inference_id"]: endpoint["task_type"] for endpoint in found["endpoints"]}


@pytest.mark.parametrize("target", ["/_inference", "/_inference/_all", "/_inference/*", "/_inference/any/_all"])
def test_all_are_listed_by_id(ask: Ask, target: str) -> None:
    assert listed(ask, target) == ALL
    assert list(listed(ask, target)) == sorted(ALL)


@pytest.mark.parametrize("task_type", TYPES)
@pytest.mark.parametrize("name", ["_all", "*", "%2A"])
def test_those_of_a_task_type_are_listed(ask: Ask, task_type: str, name: str) -> None:
    wanted = {id: kind for id, kind in ALL.items() if kind == task_type}
    assert listed(ask, f"/_inference/{task_type}/{name}") == wanted
    assert listed(ask, f"/_inference/{task_type.upper()}/{name}") == wanted


@pytest.mark.parametrize("id", sorted(ALL))
def test_one_is_shown_with_and_without_its_task_type(ask: Ask, id: str) -> None:
    for target in (f"/_inference/{id}", f"/_inference/{ALL[id]}/{id}", f"/_inference/any/{id}"):
        assert listed(ask, target) == {id: ALL[id]}


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("options", ["", "?force=true", "?force", "?force=false&dry_run=false"])
def test_one_is_deleted(fresh: Ask, typed: bool, options: str) -> None:
    target = "/_inference/rerank/rerank" if typed else "/_inference/rerank"
    assert fresh("DELETE", target + options).json() == {"acknowledged": True, "pipelines": [], "indexes": []}
    assert listed(fresh, "/_inference") == {id: kind for id, kind in ALL.items() if id != "rerank"}
    assert fresh("DELETE", target).status == 404


@pytest.mark.parametrize("options", ["?dry_run=true", "?dry_run", "?dry_run=true&force=true"])
def test_a_dry_run_deletes_nothing(fresh: Ask, options: str) -> None:
    answer = fresh("DELETE", f"/_inference/rerank{options}").json()
    assert answer == {"acknowledged": False, "pipelines": [], "indexes": [], "error_message": ""}
    assert listed(fresh, "/_inference") == ALL


@pytest.mark.parametrize("name", ["_all", "*"])
@pytest.mark.parametrize("part", ["", "rerank/"])
def test_all_are_not_deleted_at_once(fresh: Ask, name: str, part: str) -> None:
    answer = fresh("DELETE", f"/_inference/{part}{name}")
    assert (answer.status, answer.json()["error"]["reason"]) == (404, f"Inference endpoint not found [{name}]")
    assert listed(fresh, "/_inference") == ALL


def test_a_flag_that_is_none_is_refused(ask: Ask) -> None:
    answer = ask("DELETE", "/_inference/rerank?dry_run=yes")
    assert (answer.status, answer.json()["error"]["reason"]) == (400, "Could not convert [dry_run] to boolean")
    assert listed(ask, "/_inference") == ALL


def test_services_are_listed_as_a_bare_array(ask: Ask) -> None:
    found = ask("GET", "/_inference/_services").json()
    assert [service["service"] for service in found] == sorted(SERVICES)
    assert listed_types(found) == {name: [str(kind) for kind in SERVICES.get(name).task_types] for name in SERVICES}
    for service in found:
        assert list(service) == ["service", "name", "task_types", "configurations"]
        for setting in service["configurations"].values():
            order = ["default_value", "description", "label", "required", "sensitive", "updatable", "type"]
            assert list(setting) == [name for name in [*order, "supported_task_types"] if name in setting]
            assert set(setting) >= {"description", "label", "required", "sensitive", "updatable", "type"}
            assert set(setting["supported_task_types"]) <= set(service["task_types"])


def listed_types(services: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Service -> its task types."""
    return {service["service"]: service["task_types"] for service in services}


@pytest.mark.parametrize("task_type", TYPES)
def test_services_of_a_task_type_are_listed(ask: Ask, task_type: str) -> None:
    found = ask("GET", f"/_inference/_services/{task_type}").json()
    every = ask("GET", "/_inference/_services").json()
    assert found == [service for service in every if task_type in service["task_types"]]
    assert found
