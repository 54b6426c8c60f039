"""Scores and matches as Lucene computes them: pure functions over the columns of segments."""
