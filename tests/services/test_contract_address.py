"""What stands in an endpoint's address and may be a secret is sent, and comes out nowhere; on every service."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from headpond import connect
from headpond.node import Node
from tests.services.case import SECRET, Case
from tests.services.provider import Asked, Provider, Reply
from tests.services.stand import PIECEWISE, WHOLE, Stand, Way
from tests.services.test_contract_secrets import faults

HIDDEN = "sesame-of-the-address"
QUERY = f"code={HIDDEN}"
ADDRESSES = ("url", "streaming_url", "target")


def with_code(way: Way) -> Way:
    """The same way of an endpoint whose addresses carry a code, which the provider reads like any other request."""
    case = way.case

    def settings(url: str) -> dict[str, Any]:
        return {
            name: f"{value}{'&' if '?' in value else '?'}{QUERY}" if name in ADDRESSES else value
            for name, value in case.settings(url).items()
        }

    def plain(asked: Asked) -> Asked:
        path = asked.path.replace(f"{QUERY}&", "").replace(f"?{QUERY}", "").replace(f"&{QUERY}", "")
        return replace(asked, path=path)

    return replace(
        way,
        case=replace(
            case,
            settings=settings,
            answer=lambda asked: case.answer(plain(asked)),
            fetches=lambda asked: case.fetches(plain(asked)),
        ),
    )


def has_address(case: Case) -> bool:
    return bool(set(ADDRESSES) & set(case.settings("http://host")))


WAYS = [with_code(way) for way in WHOLE + PIECEWISE if has_address(way.case)]


@pytest.mark.parametrize("stand", WAYS, ids=str, indirect=True)
def test_a_code_in_an_address_is_sent_and_not_shown(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert QUERY in stand.good.path.partition("?")[2].split("&")
    node: Node = stand.client.transport.node_pool.get().pond  # type: ignore[attr-defined]
    endpoint, secrets = node.inference._stored("e")
    listed = stand.client.inference.get(inference_id="e").body
    assert "=::es_redacted::" in str(listed)
    shown = [listed, repr(endpoint), repr(secrets), endpoint.to_stored()]
    for fault in faults(stand).values():
        stand.answers(then=fault)
        shown.append(stand.refused())
    stand.answers(then=lambda asked: stand.error(404, "not here"))
    shown.append(stand.refused())
    put = stand.client.options(ignore_status=400).inference.put
    refused = put(inference_id="f", task_type=stand.way.case.task_type, inference_config=stand.config)
    assert refused["status"] == 400
    assert HIDDEN not in str([*shown, refused.body, caplog.text])


def custom(provider: Provider, url: str) -> dict[str, Any]:
    return {
        "service": "custom",
        "service_settings": {
            "url": url.replace("HOST", provider.url.removeprefix("http://")),
            "request": '{"input": ${input}}',
            "response": {"json_parser": {"completion_result": "$.text"}},
            "secret_parameters": {"key": SECRET},
        },
    }


def put(client: Elasticsearch, config: dict[str, Any], name: str = "e") -> str:
    found = client.inference.put(inference_id=name, task_type="completion", inference_config=config)
    return str(found["service_settings"]["url"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:opensesame@HOST/x", "http://::es_redacted::@HOST/x"),
        ("http://HOST/x?opensesame", "http://HOST/x?::es_redacted::"),
        ("http://HOST/x?a=open%20sesame&a=sesame", "http://HOST/x?a=::es_redacted::&a=::es_redacted::"),
        ("http://HOST/x?api-version=2024-10-21&b=2&c=${key}", "http://HOST/x?api-version=2024-10-21&b=2&c=${key}"),
    ],
)
def test_what_of_an_address_is_shown(client: Elasticsearch, provider: Provider, url: str, shown: str) -> None:
    provider.always = lambda asked: Reply(body={"text": "fine"})
    host = provider.url.removeprefix("http://")
    assert put(client, custom(provider, url)) == shown.replace("HOST", host)
    assert client.inference.completion(inference_id="e", input="q")["completion"] == [{"result": "fine"}]
    assert provider.asked[-1].path == "/x" + url.partition("/x")[2].replace("${key}", SECRET)


def test_a_hidden_address_outlives_a_restart_and_is_kept_apart(tmp_path: Path, provider: Provider) -> None:
    provider.always = lambda asked: Reply(body={"text": "fine"})
    config = custom(provider, f"http://HOST/x?{QUERY}")
    with connect(f"embedded:{tmp_path}") as client:
        put(client, config)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and HIDDEN.encode() in path.read_bytes()]
    assert {path.name.partition("-")[0] for path in written} == {"secrets.sqlite3"}
    with connect(f"embedded:{tmp_path}") as client:
        assert HIDDEN not in str(client.inference.get())
        client.inference.completion(inference_id="e", input="q")
        assert provider.asked[-1].path == f"/x?{QUERY}"
    for path in written:
        path.unlink()
    lost = pytest.raises(BadRequestError, match=r"secrets of the inference endpoint \[e\] are not in this pond")
    with connect(f"embedded:{tmp_path}") as client, lost:
        client.inference.completion(inference_id="e", input="q")


def test_an_address_kept_in_the_open_is_hidden_at_the_next_start(tmp_path: Path, provider: Provider) -> None:
    provider.always = lambda asked: Reply(body={"text": "fine"})
    with connect(f"embedded:{tmp_path}") as client:
        put(client, custom(provider, "http://HOST/x"))
        node: Node = client.transport.node_pool.get().pond  # type: ignore[attr-defined]
        endpoint, secrets = node.inference._stored("e")
        opened = endpoint.with_settings(url=f"{endpoint.service_settings['url']}?{QUERY}")
        node.inference._endpoints.replace(opened, secrets)
    for _ in range(2):
        with connect(f"embedded:{tmp_path}") as client:
            assert HIDDEN not in str(client.inference.get())
            client.inference.completion(inference_id="e", input="q")
            assert provider.asked[-1].path == f"/x?{QUERY}"


def test_an_update_keeps_what_is_hidden(client: Elasticsearch, provider: Provider) -> None:
    provider.always = lambda asked: Reply(body={"text": "fine"})
    shown = put(client, custom(provider, f"http://HOST/x?{QUERY}"))
    settings = {"service_settings": {"secret_parameters": {"key": "another"}}}
    updated = client.inference.update(inference_id="e", inference_config=settings)
    assert updated["service_settings"]["url"] == shown
    assert provider.asked[-1].path == f"/x?{QUERY}"


@pytest.mark.parametrize("service", ["openai", "elasticsearch"])
def test_a_refused_address_is_not_quoted(client: Elasticsearch, service: str) -> None:
    settings = {"api_key": SECRET, "model_id": "m", "url": f"htp://me:{HIDDEN}@host/x?{QUERY}"}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(
            inference_id="e",
            task_type="text_embedding",
            inference_config={"service": service, "service_settings": settings},
        )
    assert HIDDEN not in str(caught.value.body)
