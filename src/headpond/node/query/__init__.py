"""The query DSL, one file a query."""
