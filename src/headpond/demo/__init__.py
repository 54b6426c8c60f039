"""The demo: the documentation of the Python standard library that runs it, indexed and searched."""
