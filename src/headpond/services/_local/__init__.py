"""Local models behind the service `elasticsearch`."""
