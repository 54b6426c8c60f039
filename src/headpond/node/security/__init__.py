"""Who may do what: users, roles, API keys, authentication and authorization, as Elasticsearch has them."""
