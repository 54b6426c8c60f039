"""Services that Elasticsearch has; those without a file here answer "not implemented" instead of "unknown"."""

from __future__ import annotations

ELASTICSEARCH_SERVICES = frozenset(
    {
        "ai21",
        "alibabacloud-ai-search",
        "amazon_sagemaker",
        "amazonbedrock",
        "anthropic",
        "azureaistudio",
        "azureopenai",
        "cohere",
        "contextualai",
        "custom",
        "deepseek",
        "elastic",
        "elasticsearch",
        "elser",
        "fireworksai",
        "googleaistudio",
        "googlevertexai",
        "groq",
        "hugging_face",
        "jinaai",
        "llama",
        "mistral",
        "nvidia",
        "openai",
        "openshift_ai",
        "voyageai",
        "watsonxai",
    }
)
"""The values of `service` in Elasticsearch's specification, as of 9.5."""
