"""Documents: SQLite is the durable truth, immutable numpy segments are what searches see."""
