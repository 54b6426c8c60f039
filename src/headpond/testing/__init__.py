"""For tests: a node of one's own, and answers compared with Elasticsearch's."""
