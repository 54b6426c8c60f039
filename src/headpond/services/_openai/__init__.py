"""The wire format of OpenAI, which many providers speak."""
