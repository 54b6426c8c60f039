"""The `headpond` command, one file a verb."""
