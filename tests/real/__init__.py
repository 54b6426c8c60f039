"""A real Elasticsearch on loopback, started from nothing where a JDK and Maven are."""
