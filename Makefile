# Each target works from a clean checkout: what it needs goes into a virtual environment, once,
# and again when pyproject.toml or constraints.txt change.
#   PYTHON       the interpreter to start from, 3.11 or newer     make test PYTHON=python3.13
#   PYTEST_ARGS  more arguments for pytest (its first run)        make test PYTEST_ARGS="-k sgdr -x"
#   DEMO_ARGS    more arguments for the demo                      make demo DEMO_ARGS=--help

PYTHON ?= python3
PYTEST_ARGS ?=
DEMO_ARGS ?=

VENV := .venv
WHEEL_VENV := .venv-wheel
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Run once for each of Keras's backends, which a process chooses when it imports Keras.
KERAS_TESTS := tests/keras adapters/hypercycle_keras

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test walk lint types docs wheel bench clean

help:
	@echo "make demo    train on real data: bounds, then fixed against cycled hyperparameters"
	@echo "make test    the tests"
	@echo "make walk    every optimizer x every hyperparameter (minutes)"
	@echo "make lint    ruff: rules and format"
	@echo "make types   mypy on the source, pyright on what users see"
	@echo "make docs    docs/_build/html"
	@echo "make wheel   build, check and try the distribution"
	@echo "make bench   times, as ratios to the peers' in the same process"
	@echo "make clean   remove everything made here"

demo: $(VENV)/demo.installed
	$(BIN)/python examples/digits_torch.py $(DEMO_ARGS)

test: $(VENV)/test.installed
	$(BIN)/python -m pytest $(addprefix --ignore ,$(KERAS_TESTS)) $(PYTEST_ARGS)
	KERAS_BACKEND=jax $(BIN)/python -m pytest $(KERAS_TESTS)
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest $(KERAS_TESTS)
	KERAS_BACKEND=torch $(BIN)/python -m pytest $(KERAS_TESTS)

walk: $(VENV)/test.installed
	$(BIN)/python -m pytest -m walk $(PYTEST_ARGS)
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest -m walk tests/keras
	KERAS_BACKEND=torch $(BIN)/python -m pytest -m walk tests/keras

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.installed
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(VENV)/docs.installed
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --nitpicky --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

wheel: $(VENV)/release.installed
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv --clear $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python $(INSTALL) dist/*.whl
	$(WHEEL_VENV)/bin/python -I .ci/wheel_smoke.py

bench: $(VENV)/bench.installed
	$(BIN)/python benchmarks/torch_step.py
	$(BIN)/python benchmarks/values.py
	$(BIN)/python benchmarks/observers.py
	$(BIN)/python benchmarks/optax_step.py
	$(BIN)/python benchmarks/keras_step.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/range_test.py

clean:
	rm -rf $(VENV) $(WHEEL_VENV) dist docs/_build docs/concepts docs/gallery .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/created: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hypercycle needs Python 3.11 or newer, got %s; choose one with: make PYTHON=..." % sys.version.split()[0])'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(addprefix $(VENV)/,$(addsuffix .installed,demo test docs bench release)): $(VENV)/%.installed: $(VENV)/created
	@echo "installing hypercycle[$*] into $(VENV) (minutes, the first time)"
	@$(BIN)/python $(INSTALL) --editable '.[$*]'
	@touch $@
