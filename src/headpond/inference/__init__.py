"""The vocabulary of the perform-inference API: task types, requests, results, endpoints. Nothing here does I/O."""
