"""Measurements against named peers, apart from the tests. Each prints ratios and writes `benchmarks/results/NAME.json`."""
