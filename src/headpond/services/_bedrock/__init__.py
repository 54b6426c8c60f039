"""Amazon Bedrock's runtime API: signatures, event streams, conversations."""
