"""How good a pipeline's rankings are: judged queries, metrics with intervals, differences, sweeps, reports."""
