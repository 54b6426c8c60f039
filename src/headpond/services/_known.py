"""Services that Elasticsearch has, with what they do there; those without a file here answer "not implemented"."""

from __future__ import annotations

from collections.abc import Mapping

_CHAT = ("completion", "chat_completion")

ELASTICSEARCH_SERVICES: Mapping[str, tuple[str, ...]] = {
    "ai21": _CHAT,
    "alibabacloud-ai-search": ("text_embedding", "sparse_embedding", "rerank", "completion"),
    "amazon_sagemaker": ("text_embedding", "sparse_embedding", "rerank", *_CHAT),
    "amazonbedrock": ("text_embedding", *_CHAT),
    "anthropic": _CHAT,
    "azureaistudio": ("text_embedding", "rerank", "completion"),
    "azureopenai": ("text_embedding", *_CHAT),
    "cohere": ("text_embedding", "rerank", "completion"),
    "contextualai": ("rerank",),
    "custom": ("text_embedding", "sparse_embedding", "rerank", "completion"),
    "deepseek": _CHAT,
    "elastic": ("text_embedding", "sparse_embedding", "rerank", *_CHAT, "embedding"),
    "elasticsearch": ("text_embedding", "sparse_embedding", "rerank"),
    "elser": ("sparse_embedding",),
    "fireworksai": ("text_embedding", *_CHAT),
    "googleaistudio": ("text_embedding", "completion"),
    "googlevertexai": ("text_embedding", "rerank", *_CHAT),
    "groq": ("chat_completion",),
    "hugging_face": ("text_embedding", "rerank", *_CHAT),
    "jinaai": ("text_embedding", "rerank", "embedding"),
    "llama": ("text_embedding", *_CHAT),
    "mistral": ("text_embedding", *_CHAT),
    "nvidia": ("text_embedding", "rerank", *_CHAT),
    "openai": ("text_embedding", *_CHAT, "embedding"),
    "openshift_ai": ("text_embedding", "rerank", *_CHAT),
    "voyageai": ("text_embedding", "rerank"),
    "watsonxai": ("text_embedding", "rerank", *_CHAT),
}
"""`service` -> its task types, as in Elasticsearch's specification of 9.5."""
