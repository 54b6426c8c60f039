"""A server in the place of Anthropic, and its client in front of it."""

from collections.abc import Iterator

import anthropic
import pytest

from tests.services.cases.anthropic import message_answer
from tests.services.provider import Provider


@pytest.fixture
def claude(provider: Provider) -> Provider:
    provider.always = message_answer
    return provider


@pytest.fixture
def sdk(claude: Provider) -> Iterator[anthropic.Anthropic]:
    """The vendor's client in front of the same server."""
    with anthropic.Anthropic(api_key="hunter2", base_url=claude.url, max_retries=0) as sdk:
        yield sdk
