"""A working directory with a pipeline on the fake service, and a way to run the command in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Run, caller
from tests.services.cases.openai import chat_answer
from tests.services.conftest import openai_embeddings
from tests.services.provider import Provider

PIPELINE = """\
description: Dense search on the fake service
endpoints:
  dense: {task_type: text_embedding, service: fake, service_settings: {}}
  ranker: {task_type: rerank, service: fake, service_settings: {}}
index:
  name: articles
  mapping:
    mappings:
      properties:
        body: {type: text}
        vector: {type: dense_vector}
processors:
  - inference: {model_id: dense, input_output: {input_field: body, output_field: vector}}
search:
  query: {match: {body: "{{query}}"}}
response_processors:
  - rerank: {inference_id: ranker, field: body, deadline: 60s}
tests:
  - name: the mill comes first
    documents: [{_id: mill, body: water drives a mill}, {_id: cat, body: a cat sleeps}]
    query: a mill
    expect: {first: mill}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `headpond ARGS...` in a folder of its own that holds `mill.yaml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mill.yaml").write_text(PIPELINE)

    return caller(capsys)


@pytest.fixture
def provider(provider: Provider) -> Provider:
    """Answers embeddings and chats as OpenAI does."""
    provider.always = lambda asked: openai_embeddings(asked) if asked.path == "/v1/embeddings" else chat_answer(asked)
    return provider
