from __future__ import annotations

from typing import Any

import pytest
import yaml

from headpond.cluster import compose
from tests.real.distribution import DEFAULT_VERSION


@pytest.fixture
def service() -> dict[str, Any]:
    """The one service of the compose file."""
    (found,) = yaml.safe_load(compose.find_file().read_text())["services"].values()
    return found


def test_the_node_listens_on_loopback_alone(service: dict[str, Any]):
    assert [port.split(":")[0] for port in service["ports"]] == ["127.0.0.1"]


def test_security_is_on(service: dict[str, Any]):
    assert service["environment"]["xpack.security.enabled"] == "true"


def test_the_password_must_be_set_and_is_not_in_the_file(service: dict[str, Any]):
    assert service["environment"]["ELASTIC_PASSWORD"].startswith("${ELASTIC_PASSWORD:?set ELASTIC_PASSWORD")


def test_health_is_an_authenticated_answer(service: dict[str, Any]):
    kind, command = service["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert "$$ELASTIC_PASSWORD" in command
    assert "'http://localhost:9200/_cluster/health?wait_for_status=yellow&timeout=1s'" in command


def test_the_data_has_a_volume_of_its_own(service: dict[str, Any]):
    assert service["volumes"] == ["data:/usr/share/elasticsearch/data"]


def test_the_version_is_the_one_that_answers_are_validated_on(service: dict[str, Any]):
    assert service["image"].endswith(f":${{HEADPOND_ES_VERSION:-{DEFAULT_VERSION}}}")
