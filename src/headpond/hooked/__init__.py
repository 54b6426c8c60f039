"""The machinery behind `headpond.hook` and `headpond serve --hook`: searches on their way through pipelines."""
