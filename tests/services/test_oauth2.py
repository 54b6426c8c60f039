"""Endpoints whose tokens are fetched with a client's secret."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import msal
import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.azureopenai import embeddings
from tests.services.provider import Asked, Provider, Reply

OPENAI = {"client_id": "id", "scopes": ["read", "write"]}
AZURE = {"client_id": "id", "scopes": ["https://cognitiveservices.azure.com/.default"], "tenant_id": "t"}


@pytest.fixture
def login() -> Iterator[Provider]:
    """A token server: the first token is `t0ken-1`."""
    login = Provider()
    login.always = lambda asked: Reply(body={"access_token": f"t0ken-{len(login.asked)}", "expires_in": 3600})
    yield login
    login.close()


def openai(provider: Provider, login: Provider) -> dict[str, Any]:
    url, token_url = f"{provider.url}/v1/embeddings", f"{login.url}/token"
    return {"client_secret": "hunter2", "model_id": "m", **OPENAI, "url": url, "token_url": token_url}


def azureopenai(provider: Provider, login: Provider) -> dict[str, Any]:
    named = {"resource_name": "r", "deployment_id": "d", "api_version": "v"}
    token_url = f"{login.url}/t/oauth2/v2.0/token"
    return {"client_secret": "hunter2", **named, **AZURE, "url": provider.url, "token_url": token_url}


SETTINGS = {"openai": openai, "azureopenai": azureopenai}
BOTH = pytest.mark.parametrize("service", SETTINGS)


def put(client: Elasticsearch, service: str, provider: Provider, login: Provider, **more: Any) -> dict[str, Any]:
    provider.always = embeddings
    settings = {**SETTINGS[service](provider, login), **more}
    settings = {name: value for name, value in settings.items() if value is not None}
    config = {"service": service, "service_settings": settings}
    return dict(client.inference.put(task_type="text_embedding", inference_id="e", inference_config=config))


def embed(client: Elasticsearch) -> Any:
    return client.inference.text_embedding(inference_id="e", input="a")


@BOTH
def test_one_token_serves_many_requests(
    client: Elasticsearch, provider: Provider, login: Provider, service: str
) -> None:
    stored = put(client, service, provider, login)
    embed(client)
    assert [asked.headers["authorization"] for asked in provider.asked] == ["Bearer t0ken-1"] * 2
    assert not any("api-key" in asked.headers for asked in provider.asked)
    assert len(login.asked) == 1
    settings = stored["service_settings"]
    wanted = OPENAI if service == "openai" else AZURE
    assert {name: settings[name] for name in wanted} == wanted
    shown = json.dumps([stored, client.inference.get().body])
    assert "hunter2" not in shown
    assert "t0ken" not in shown


def test_openais_clients_authenticate_with_the_header(
    client: Elasticsearch, provider: Provider, login: Provider
) -> None:
    stored = put(client, "openai", provider, login)
    (asked,) = login.asked
    assert (asked.method, asked.path) == ("POST", "/token")
    assert asked.headers["authorization"] == f"Basic {base64.b64encode(b'id:hunter2').decode()}"
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["read write"]}
    names = ["model_id", "url", "client_id", "scopes", "token_url", "similarity", "dimensions", "rate_limit"]
    assert list(stored["service_settings"]) == names


class Recorded:
    """The HTTP client that Microsoft's library is given: it keeps what it is to post."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, str]]] = []

    def get(self, url: str, **_: Any) -> Any:
        base = url.partition("/v2.0/")[0]
        endpoints = {f"{kind}_endpoint": f"{base}/oauth2/v2.0/{kind}" for kind in ("authorization", "token")}
        return self._answer({"issuer": f"{base}/v2.0", **endpoints})

    def post(self, url: str, data: dict[str, str], **_: Any) -> Any:
        self.posted.append((url, data))
        return self._answer({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})

    def _answer(self, body: dict[str, Any]) -> Any:
        return type("Answer", (), {"status_code": 200, "text": json.dumps(body), "headers": {}})()

    def close(self) -> None:
        """Nothing is open."""


def test_azures_clients_post_what_microsofts_library_posts(
    client: Elasticsearch, provider: Provider, login: Provider
) -> None:
    http = Recorded()
    authority = "https://login.microsoftonline.com/t"
    app = msal.ConfidentialClientApplication("id", "hunter2", authority, http_client=http, instance_discovery=False)
    assert app.acquire_token_for_client(AZURE["scopes"])["access_token"] == "t"
    ((url, form),) = http.posted
    put(client, "azureopenai", provider, login)
    (asked,) = login.asked
    assert asked.path == url.removeprefix("https://login.microsoftonline.com")
    assert "authorization" not in asked.headers
    ours = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert ours.items() <= {name: form[name] for name in form}.items()
    assert ours == {
        "grant_type": "client_credentials",
        "client_id": "id",
        "client_secret": "hunter2",
        "scope": AZURE["scopes"][0],
    }


@BOTH
def test_a_token_that_is_refused_is_renewed_once(
    client: Elasticsearch, provider: Provider, login: Provider, service: str
) -> None:
    put(client, service, provider, login)

    def revoked(asked: Asked) -> Reply:
        refused = asked.headers["authorization"] == "Bearer t0ken-1"
        return Reply(401, {"error": {"message": "revoked"}}) if refused else embeddings(asked)

    provider.always = revoked
    assert embed(client)["text_embedding"]
    assert len(login.asked) == 2


@BOTH
def test_a_token_is_not_quoted(client: Elasticsearch, provider: Provider, login: Provider, service: str) -> None:
    put(client, service, provider, login)
    provider.always = lambda asked: Reply(401, {"error": {"message": f"bad {asked.headers['authorization']}"}})
    with pytest.raises(ApiError) as caught:
        embed(client)
    assert caught.value.meta.status == 401
    assert str(caught.value.body["error"]["reason"]).endswith("status [401]. Error message: [bad Bearer ***]")
    assert len(login.asked) == 2


@BOTH
def test_a_refusal_of_the_token_server_refuses_the_endpoint(
    client: Elasticsearch, provider: Provider, login: Provider, service: str
) -> None:
    error = {"error": "invalid_client", "error_description": "AADSTS7000215: hunter2 is wrong"}
    login.always = lambda asked: Reply(401, error)
    with pytest.raises(BadRequestError) as caught:
        put(client, service, provider, login)
    assert caught.value.body["error"]["caused_by"]["reason"] == (
        "Received an authentication error status code for request to generate Bearer Token from inference entity id"
        " [e] status [401]. Error message: [AADSTS7000215: *** is wrong]"
    )
    assert not provider.asked


@BOTH
def test_a_rotated_secret_gets_a_token_of_its_own(
    client: Elasticsearch, provider: Provider, login: Provider, service: str
) -> None:
    put(client, service, provider, login)
    client.inference.update(inference_id="e", inference_config={"service_settings": {"client_secret": "other"}})
    embed(client)
    assert provider.asked[-1].headers["authorization"] == "Bearer t0ken-2"
    assert len(login.asked) == 2


@BOTH
def test_what_belongs_to_a_client_may_change(
    client: Elasticsearch, provider: Provider, login: Provider, service: str
) -> None:
    put(client, service, provider, login)
    changed = {"client_id": "other", "scopes": ["all"]}
    answer = client.inference.update(inference_id="e", inference_config={"service_settings": changed})
    settings = answer["service_settings"]
    assert {name: settings[name] for name in changed} == changed
    assert parse_qs(login.asked[-1].body.decode())["scope"] == ["all"]


@BOTH
@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"client_id": None},
            "[service_settings] all {} OAuth2 fields must be provided together; missing: [client_id]",
        ),
        ({"client_secret": None, "api_key": "k"}, "[service_settings] the OAuth2 fields [{}] need the secret"),
        ({"api_key": "k"}, "field set, received: [api_key, client_secret]"),
        ({"client_id": None, "scopes": None, "token_url": None, "tenant_id": None}, "OAuth2 requires the fields [{}],"),
    ],
)
def test_a_client_is_given_whole(
    client: Elasticsearch, provider: Provider, login: Provider, service: str, given: dict[str, Any], problem: str
) -> None:
    fields = f"client_id, scopes, {'token_url' if service == 'openai' else 'tenant_id'}"
    name = "OpenAI" if service == "openai" else "Azure OpenAI"
    with pytest.raises(BadRequestError) as caught:
        put(client, service, provider, login, **given)
    wanted = problem.format(name if "must be provided" in problem else fields)
    assert wanted in caught.value.body["error"]["reason"]
    assert not login.asked


@BOTH
def test_an_endpoint_with_a_key_gets_no_client(
    client: Elasticsearch, provider: Provider, login: Provider, service: str
) -> None:
    without = dict.fromkeys(("client_secret", "client_id", "scopes", "token_url", "tenant_id"))
    put(client, service, provider, login, **without, api_key="k")
    with pytest.raises(BadRequestError, match="not configured with OAuth2 settings"):
        client.inference.update(inference_id="e", inference_config={"service_settings": {"client_id": "id"}})
    with pytest.raises(BadRequestError, match=r"has \[api_key\], which cannot become \[client_secret\]"):
        client.inference.update(inference_id="e", inference_config={"service_settings": {"client_secret": "s"}})
