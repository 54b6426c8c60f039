"""What services share that call a provider over HTTP: one client, status mapping, retries, rate limits."""
