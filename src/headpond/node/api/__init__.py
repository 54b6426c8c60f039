"""The REST API, one module a namespace; a function is one operation of Elasticsearch's specification."""
