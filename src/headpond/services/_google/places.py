"""Where Vertex AI's models are asked.

Source: Elasticsearch's `GoogleVertexAiEmbeddingsModel`, `GoogleVertexAiRerankModel` and
`GoogleVertexAiChatCompletionModel`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from headpond.inference.endpoint import Endpoint
from headpond.inference.settings import Settings
from headpond.services._google.garden import GOOGLE
from headpond.services._http.address import address, with_query

GLOBAL = "global"
RANKING_URL = "https://discoveryengine.googleapis.com"

_LOCATION = re.compile("[a-z0-9-]+")


def check_urls(provider: str, shown: Mapping[str, Any], settings: Settings) -> None:
    """Notes what is wrong with `url` and `streaming_url`.

    Args:
        provider: in lower case.
        shown: the service settings that were read.
        settings: takes the problems.
    """
    url, streaming = shown["url"], shown["streaming_url"]
    if provider != GOOGLE and url is None and streaming is None:
        needed = "Either 'url' or 'streaming_url' must be provided"
        settings.problems.append(f"Google Model Garden provider={provider} selected. {needed}")
    if provider == GOOGLE and streaming is not None:
        stands_in = "'url' is the base of a server that stands in for Google"
        settings.problems.append(
            "'provider' is either GOOGLE or null. For Google Vertex AI models 'streaming_url' must not be provided;"
            f" {stands_in}. Provided values: url={url}, streaming_url={streaming}"
        )


def read_location(settings: Settings) -> str | None:
    """The setting `location`, which becomes a part of a host's name."""
    location = settings.text("location")
    if location is not None and not _LOCATION.fullmatch(location):
        settings.wrong(f"Invalid value [{location}]. [location] must be the name of a location, as in [us-central1]")
    return location


def predicting(endpoint: Endpoint) -> str:
    """Where embeddings are asked for."""
    return _model(
        endpoint, endpoint.service_settings.get("location", GLOBAL), endpoint.service_settings["model_id"], "predict"
    )


def ranking(endpoint: Endpoint) -> str:
    """Where rankings are asked for, whatever the model."""
    project = _quoted(endpoint.service_settings["project_id"])
    path = f"/v1/projects/{project}/locations/{GLOBAL}/rankingConfigs/default_ranking_config:rank"
    return address(endpoint, RANKING_URL, path)


def completing(endpoint: Endpoint, model: str | None, *, stream: bool) -> str:
    """Where completions are asked for.

    Gemini is asked at `locations/global`, whatever the location of the host.

    Args:
        endpoint: whose settings count.
        model: instead of the endpoint's.
        stream: whether the answer is to come piece by piece.
    """
    settings = endpoint.service_settings
    if settings["provider"] != GOOGLE.upper():
        names = ("streaming_url", "url") if stream else ("url", "streaming_url")
        return next(str(settings[name]) for name in names if name in settings)
    if stream:
        return with_query(_model(endpoint, GLOBAL, model, "streamGenerateContent"), "alt=sse")
    return _model(endpoint, GLOBAL, model, "generateContent")


def _model(endpoint: Endpoint, place: str, model: str | None, action: str) -> str:
    location = endpoint.service_settings.get("location", GLOBAL)
    host = "aiplatform.googleapis.com" if location == GLOBAL else f"{location}-aiplatform.googleapis.com"
    project = _quoted(endpoint.service_settings["project_id"])
    path = f"/v1/projects/{project}/locations/{_quoted(place)}/publishers/google/models/{_quoted(model or '')}:{action}"
    return address(endpoint, f"https://{host}", path)


def _quoted(name: str) -> str:
    """A name that stays one part of a path."""
    return quote(name, safe="@")
