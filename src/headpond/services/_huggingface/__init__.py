"""The wire format of text-embeddings-inference and of Hugging Face's inference endpoints."""
