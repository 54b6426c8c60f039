"""The parts of the fake service."""
