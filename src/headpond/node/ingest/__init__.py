"""Ingest pipelines of a node: kept, run before documents are written, and tried out.

The processors are those of `headpond.stages`; here is what a node adds to them.
"""
