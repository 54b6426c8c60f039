"""How fast and in what portions a job asks endpoints and writes: limits, rates, concurrency, batches, verdicts."""
