"""Aggregations: one file each."""
