# `make demo` and `make test` set up all they need in .venv; Python 3.11 or newer with pip is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Where tests keep what is large and fetched once: model weights, an Elasticsearch distribution.
CACHE  := .cache

.PHONY: demo test lint bench docs clean
.DEFAULT_GOAL := demo

$(VENV)/.demo: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "headpond needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[local,serve,cluster]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]'
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/headpond demo

test: lint
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.test
	COLUMNS=100 $(BIN)/python scripts/reference.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
