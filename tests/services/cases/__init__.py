"""One file a service: what the contract tests run on."""
