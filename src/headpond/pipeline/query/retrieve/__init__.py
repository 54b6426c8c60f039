"""Retrievers that are executed on the client, so that a pipeline ranks the same on every target and licence."""
