"""Mappings and field types, one file a type."""
