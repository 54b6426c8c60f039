"""Before a run: what it would do, what it would cost, and a few documents to look at."""
