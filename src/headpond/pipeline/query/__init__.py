"""The query side: a `_search` body goes through request processors, retrieval and response processors."""
