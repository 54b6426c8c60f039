"""Searching: requests, execution over the shards, sorting and fetching."""
