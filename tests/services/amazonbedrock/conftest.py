"""A server in the place of Amazon Bedrock, and botocore's client in front of it."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from tests.services.cases.amazonbedrock import answer
from tests.services.provider import Provider


@pytest.fixture
def bedrock(provider: Provider) -> Provider:
    provider.always = answer
    return provider


@pytest.fixture
def aws(bedrock: Provider) -> Iterator[Any]:
    """The vendor's client in front of the same server."""
    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="eu-central-1",
        endpoint_url=bedrock.url,
        aws_access_key_id="AKIA1",
        aws_secret_access_key="hunter2",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    yield client
    client.close()
