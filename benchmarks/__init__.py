"""Measurements against named peers. Each prints ratios and writes `benchmarks/results/NAME.json`."""
