"""OpenAI's API behind OAuth2: an endpoint has a key, or a client's secret that tokens are fetched with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.services._configuration import Setting
from headpond.services._http.provider import header_secrets
from headpond.services._http.token import Token, Tokens, client_credentials
from headpond.services._openai.compatible import Compatible
from headpond.services._openai.settings import read_settings

CLIENT_CREDENTIALS: Mapping[str, Setting] = {
    "client_secret": Setting("OAuth2 Client Secret", "The secret of the application.", sensitive=True, updatable=True),
    "client_id": Setting("OAuth2 Client ID", "The application that asks for tokens.", updatable=True),
    "scopes": Setting("OAuth2 Scopes", "What the application asks for.", type="list", updatable=True),
}


class WithClientCredentials(Compatible):
    """A compatible service whose endpoints have exactly one secret, which may be a client's.

    Attributes:
        secret_names: the secrets there may be; `client_secret` is one of them.
        bearer_secret: the one in whose place a fetched token goes.
        token_setting: the service setting that says where tokens come from.
        posts_secret: whether a client's id and secret are posted with the form instead of sent in a header.
    """

    secret_names: ClassVar[tuple[str, ...]] = ("api_key", "client_secret")
    bearer_secret: ClassVar[str] = "api_key"
    token_setting: ClassVar[str] = "token_url"
    posts_secret: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._tokens = Tokens()

    def token_url(self, endpoint: Endpoint) -> str:
        """Where tokens are fetched."""
        return str(endpoint.service_settings["token_url"])

    def secrets(self, settings: Settings, *, required: bool = True) -> Secrets:
        """The one secret; a client's comes with the settings that it needs, and only that does."""
        found = header_secrets(settings, *self.secret_names, required=False)
        given = sorted(found.reveal())
        if len(given) > 1 or (required and not given):
            *most, last = (f"[{name}]" for name in self.secret_names)
            received = f", received: [{', '.join(given)}]" if given else ""
            choice = f"{', '.join(most)}{',' if len(most) > 1 else ''} or {last}"
            settings.wrong(f"must have exactly one of {choice} field set{received}")
        if required:
            self._check_client(settings, "client_secret" in given)
        return found

    def update(
        self, endpoint: Endpoint, secrets: Secrets, service: Mapping[str, Any], task: Mapping[str, Any]
    ) -> tuple[Endpoint, Secrets]:
        """Another secret of the same kind, and for a client's what belongs to it.

        Raises:
            RestError: 400, besides, the secret is of another kind.
        """
        given = [name for name in self.secret_names if service.get(name) is not None]
        others = [name for name in given if secrets and secrets.get(name) is None]
        if others:
            kept = " and ".join(f"[{name}]" for name in secrets.reveal())
            reason = f"The inference endpoint [{endpoint.inference_id}] has {kept}, which cannot become [{others[0]}]"
            raise status_exception(400, f"{reason}; make a new endpoint")
        return super().update(endpoint, secrets, service, task)

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """What belongs to a client's secret besides.

        Raises:
            RestError: 400, the endpoint has no client's secret.
        """
        changed, secrets = super().update_settings(endpoint, settings)
        client = {name: self.configuration[name] for name in self._client_settings}
        given = read_settings(client, endpoint.task_type, settings, required=False)
        given = {name: value for name, value in given.items() if value is not None}
        if given and "client_id" not in endpoint.service_settings:
            reason = "Cannot update OAuth2 fields as the service was not configured with OAuth2 settings."
            advice = "Please create a new Inference Endpoint with the OAuth2 settings instead."
            raise status_exception(400, f"{reason} {advice}")
        return {**changed, **given}, secrets

    def authorize(
        self, endpoint: Endpoint, secrets: Secrets, url: str, content: bytes, deadline: Deadline
    ) -> Mapping[str, str]:
        """A token in the place of the key, where a client's secret fetches it."""
        if secrets.get("client_secret") is None:
            return self.headers(endpoint, secrets)

        def fetch() -> Token:
            settings = endpoint.service_settings
            return client_credentials(
                endpoint.inference_id,
                self.token_url(endpoint),
                settings["client_id"],
                secrets["client_secret"],
                settings["scopes"],
                deadline,
                in_body=self.posts_secret,
            )

        token = self._tokens.get(self._token_key(endpoint, secrets), fetch, deadline)
        return self.headers(endpoint, Secrets({self.bearer_secret: token}))

    def renew(self, endpoint: Endpoint, secrets: Secrets) -> bool:
        """Drops the token, if there is one."""
        return secrets.get("client_secret") is not None and self._tokens.forget(self._token_key(endpoint, secrets))

    @property
    def _client_settings(self) -> tuple[str, str, str]:
        return ("client_id", "scopes", self.token_setting)

    def _token_key(self, endpoint: Endpoint, secrets: Secrets) -> tuple[object, ...]:
        settings = endpoint.service_settings
        return (self.token_url(endpoint), settings["client_id"], tuple(settings["scopes"]), secrets)

    def _check_client(self, settings: Settings, has_secret: bool) -> None:
        """Notes what a client's secret lacks, or that there is none."""
        left = settings.left()
        missing = [name for name in self._client_settings if left.get(name) is None]
        fields = ", ".join(self._client_settings)
        if has_secret and len(missing) == len(self._client_settings):
            settings.problems.append(f"OAuth2 requires the fields [{fields}], to be set.")
        elif has_secret and missing:
            together = f"all {self.display_name} OAuth2 fields must be provided together"
            settings.wrong(f"{together}; missing: [{', '.join(missing)}]")
        elif not has_secret and len(missing) < len(self._client_settings):
            settings.wrong(f"the OAuth2 fields [{fields}] need the secret [client_secret]")
