"""Stages: what happens to records on their way in and to hits on their way out, one file each.

`ingest` holds the processors of a pipeline file (Elasticsearch's names and options), `response` its response
processors. A stage talks to nothing but what it is handed: records or an answer, and an `Inference`.
"""
