"""Dates as Elasticsearch reads and writes them: patterns of Java's `DateTimeFormatter`, named formats, time zones."""
