"""The REST API, one module a namespace; every function is one operation of Elasticsearch's specification, with its route above it."""
