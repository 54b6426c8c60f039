"""The endpoint that is asked, and what is compared of its requests and of botocore's."""

from typing import Any

from elasticsearch import Elasticsearch

from tests.services.provider import Asked, Provider
from tests.services.streams import pieces, stream

MODEL = "arn:aws:bedrock:us-east-1:1:inference-profile/us.maker.model-v1:0"
PATH = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.maker.model-v1%3A0"


def put(
    client: Elasticsearch, bedrock: Provider, task_type: str = "completion", maker: str = "anthropic", **options: Any
) -> dict[str, Any]:
    settings = {
        "access_key": "AKIA1",
        "secret_key": "hunter2",
        "region": "eu-central-1",
        "model": MODEL,
        "provider": maker,
        "url": bedrock.url,
        **options.pop("service_settings", {}),
    }
    return client.inference.put_amazonbedrock(
        task_type=task_type,
        amazonbedrock_inference_id="b",
        service="amazonbedrock",
        service_settings=settings,
        **options,
    ).body


def streamed(client: Elasticsearch, task_type: str, body: dict[str, Any]) -> list[Any]:
    """What comes of a streamed request, an error at its end among it."""
    return pieces(stream(client, f"{task_type}/b", body))


def same(ours: Asked, theirs: Asked) -> bool:
    return (ours.method, ours.path, ours.json()) == (theirs.method, theirs.path, theirs.json())
