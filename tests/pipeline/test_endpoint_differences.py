"""An endpoint of a pipeline file against the one that the target shows."""

from typing import Any

import pytest

from headpond.pipeline.endpoints import declared_endpoint, differences

ADDRESS = "https://gateway/v1/embeddings?code="


def declared(url: str) -> dict[str, Any]:
    settings = {"url": url, "model_id": "m"}
    return {"task_type": "text_embedding", "service": "openai", "service_settings": settings}


@pytest.mark.parametrize("code", ["${GATEWAY_CODE}", "open-sesame"])
@pytest.mark.parametrize("shown", ["open-sesame", "::es_redacted::"])
def test_a_code_in_an_address_that_is_not_shown_is_no_difference(
    monkeypatch: pytest.MonkeyPatch, code: str, shown: str
) -> None:
    monkeypatch.setenv("GATEWAY_CODE", "open-sesame")
    assert differences(declared(ADDRESS + code), declared_endpoint("e", declared(ADDRESS + shown))) == []


@pytest.mark.parametrize("code", ["${GATEWAY_CODE}", "open-sesame"])
def test_another_address_is_a_difference_and_its_code_is_not_said(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setenv("GATEWAY_CODE", "open-sesame")
    (found,) = differences(declared(ADDRESS + code), declared_endpoint("e", declared("https://other/?code=a")))
    assert found.startswith("service_settings.url is ")
    assert "open-sesame" not in found
