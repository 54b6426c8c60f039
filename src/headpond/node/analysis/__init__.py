"""Analyzers: text to terms, as Lucene's analyzers of the same name do it."""
