# Each target works from a clean checkout: what it needs goes into a virtual environment, once,
# and again when pyproject.toml or constraints.txt change.
#   PYTHON       the interpreter to start from, 3.11 or newer     make test PYTHON=python3.13
#   PYTEST_ARGS  more arguments for pytest (its first run)        make test PYTEST_ARGS="-k sgdr -x"
#   WORKERS      test processes side by side, 0 for one           make test WORKERS=0 PYTEST_ARGS=--pdb
#   FUZZ_MINUTES how long to go on with new rounds                make fuzz FUZZ_MINUTES=60
#   FUZZ_SEED    the round that was printed with it               make fuzz FUZZ_SEED=1234
#   DEMO_ARGS    more arguments for the demo                      make demo DEMO_ARGS=--help
#   BENCHMARKS   which of them to check, all if empty             make bench-check BENCHMARKS=values.py
#   OLDEST_TORCH the PyTorch of test-oldest                       make test-oldest OLDEST_TORCH=2.13.0

PYTHON ?= python3
PYTEST_ARGS ?=
DEMO_ARGS ?=
WORKERS ?= auto
FUZZ_MINUTES ?= 5
BENCHMARKS ?=
OLDEST_TORCH ?= 2.6.0

VENV := .venv
WHEEL_VENV := .venv-wheel
# JAX needs NumPy 2, the rest does not.
OLDEST_VENV := .venv-oldest
OLDEST_NUMPY1_VENV := .venv-oldest-numpy1
TRAINERS_VENV := .venv-trainers
OLDEST_WARNINGS := -W ignore::DeprecationWarning -W ignore::FutureWarning
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Run once for each of Keras's backends, which a process chooses when it imports Keras.
KERAS_TESTS := tests/keras adapters/hypercycle_keras
JAX_TESTS := tests/optax tests/test_testing.py tests/test_documents.py tests/namespaces adapters/hypercycle_optax \
	hypercycle/namespaces/on_jax.py hypercycle/namespaces/float32_pairs.py
FUZZ_TESTS := tests/fuzz tests/optax/test_fuzz.py tests/keras/test_fuzz.py
# Who works on an adapter runs its folder.
NOT_QUICK := tests/torch tests/optax tests/test_benchmarks.py tests/test_claims.py tests/test_comparison.py tests/test_documents.py $(KERAS_TESTS)
# The core, and what asks each adapter for an optimizer.
WHEEL_TESTS := tests/numbers tests/shapes tests/plans/test_plan.py tests/plan_files tests/plugins/test_host.py \
	tests/plugins/test_hookspecs.py tests/plugins/test_installed.py tests/torch/test_names.py tests/optax/test_names.py
SIDE_BY_SIDE := --numprocesses $(WORKERS) --dist worksteal
SITE_PACKAGES := 'import sysconfig; print(sysconfig.get_path("purelib"))'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-quick test-oldest test-wheel test-trainers fuzz walk lint types docs wheel bench bench-check clean

help:
	@echo "make demo    train on real data: bounds, then fixed against cycled hyperparameters"
	@echo "make test    the tests"
	@echo "make test-quick  the core's tests but for slow ones, with few examples: while editing"
	@echo "make test-oldest  the tests, with the oldest versions of everything (minutes, gigabytes)"
	@echo "make test-wheel   tests from the sdist, with the wheel installed"
	@echo "make fuzz    hostile and random input, in new rounds for FUZZ_MINUTES; failures are kept"
	@echo "make test-trainers  the tests in Lightning, Transformers and others (minutes, gigabytes)"
	@echo "make walk    every optimizer x every hyperparameter, 20 kills in each framework (minutes)"
	@echo "make lint    ruff: rules and format"
	@echo "make types   mypy on the source, pyright on what users see"
	@echo "make docs    docs/_build/html"
	@echo "make wheel   build, check and try the distribution"
	@echo "make bench   times, as ratios to the peers' in the same process"
	@echo "make bench-check  what got worse than in docs/benchmarks.md by more than noise"
	@echo "make clean   remove everything made here"

demo: $(VENV)/demo.installed
	$(BIN)/python examples/digits_torch.py $(DEMO_ARGS)

# A thread a process: as many processes as there are processors, each with as many threads, would wait
# for each other.
test: $(VENV)/test.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(addprefix --ignore ,$(KERAS_TESTS)) $(PYTEST_ARGS)
	OMP_NUM_THREADS=1 KERAS_BACKEND=jax $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(KERAS_TESTS)
	OMP_NUM_THREADS=1 KERAS_BACKEND=tensorflow $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(KERAS_TESTS)
	OMP_NUM_THREADS=1 KERAS_BACKEND=torch $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(KERAS_TESTS)

test-quick: $(VENV)/test.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not walk and not slow" --hypothesis-profile quick $(addprefix --ignore ,$(NOT_QUICK)) $(PYTEST_ARGS)

# Old packages use what their younger dependencies deprecate. Benchmarks have no oldest versions.
test-oldest: $(addsuffix /torch-$(OLDEST_TORCH).installed,$(OLDEST_NUMPY1_VENV) $(OLDEST_VENV))
	$(OLDEST_NUMPY1_VENV)/bin/python -m pytest $(OLDEST_WARNINGS) $(addprefix --ignore ,tests/trainers tests/test_benchmarks.py $(KERAS_TESTS) $(JAX_TESTS)) $(PYTEST_ARGS)
	KERAS_BACKEND=torch $(OLDEST_NUMPY1_VENV)/bin/python -m pytest $(OLDEST_WARNINGS) $(KERAS_TESTS)
	$(OLDEST_VENV)/bin/python -m pytest $(OLDEST_WARNINGS) $(addprefix --ignore ,tests/trainers tests/test_benchmarks.py tests/torch $(KERAS_TESTS)) $(PYTEST_ARGS)
	KERAS_BACKEND=jax $(OLDEST_VENV)/bin/python -m pytest $(OLDEST_WARNINGS) $(KERAS_TESTS)
	KERAS_BACKEND=tensorflow $(OLDEST_VENV)/bin/python -m pytest $(OLDEST_WARNINGS) $(KERAS_TESTS)

# A round is a process of its own, with its own seed; with FUZZ_SEED there is one.
fuzz: $(VENV)/test.installed
	end=$$(($$(date +%s) + 60 * $(FUZZ_MINUTES))); \
	while OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) --hypothesis-profile fuzz $(FUZZ_TESTS) $(PYTEST_ARGS) || exit 1; \
		[ -z "$(FUZZ_SEED)" ] && [ $$(date +%s) -lt $$end ]; do :; done

test-trainers: $(TRAINERS_VENV)/installed
	OMP_NUM_THREADS=1 $(TRAINERS_VENV)/bin/python -m pytest tests/trainers $(PYTEST_ARGS)

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

# The first of the two wheels is built from the sdist.
wheel: $(VENV)/release.installed
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m build --no-isolation --wheel --outdir dist/from-tree
	cmp dist/*.whl dist/from-tree/*.whl
	rm -r dist/from-tree
	{ git ls-files; echo PKG-INFO; } | LC_ALL=C sort > dist/files
	tar --list --file dist/*.tar.gz | sed 's,^[^/]*/,,' | LC_ALL=C sort | diff dist/files -
	rm dist/files
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv --clear $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python $(INSTALL) dist/*.whl
	$(WHEEL_VENV)/bin/python -I .ci/wheel_smoke.py

# What the sdist brings, without its source, on the installed wheel; the rest comes from $(VENV).
test-wheel: $(VENV)/test.installed wheel
	mkdir $(WHEEL_VENV)/sdist
	tar --extract --file dist/*.tar.gz --directory $(WHEEL_VENV)/sdist --strip-components 1
	rm -r $(WHEEL_VENV)/sdist/hypercycle $(WHEEL_VENV)/sdist/adapters
	$(BIN)/python -c $(SITE_PACKAGES) > $$($(WHEEL_VENV)/bin/python -c $(SITE_PACKAGES))/test.pth
	cd $(WHEEL_VENV)/sdist && ../bin/python -m pytest $(WHEEL_TESTS)

bench: $(VENV)/bench.installed
	$(BIN)/python benchmarks/share_of_step.py
	$(BIN)/python benchmarks/torch_step.py
	$(BIN)/python benchmarks/contenders.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/values.py
	$(BIN)/python benchmarks/observers.py
	$(BIN)/python benchmarks/torch_compile.py
	$(BIN)/python benchmarks/optax_step.py
	$(BIN)/python benchmarks/jax_compile.py
	$(BIN)/python benchmarks/keras_step.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/range_test.py

bench-check: $(VENV)/bench.installed
	$(BIN)/python benchmarks/bench_check.py $(BENCHMARKS)

clean:
	rm -rf $(VENV) $(WHEEL_VENV) $(OLDEST_VENV) $(OLDEST_NUMPY1_VENV) $(TRAINERS_VENV) dist docs/_build docs/concepts docs/gallery .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/created: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hypercycle needs Python 3.11 or newer, got %s; choose one with: make PYTHON=..." % sys.version.split()[0])'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(addprefix $(VENV)/,$(addsuffix .installed,demo test docs bench release)): $(VENV)/%.installed: $(VENV)/created
	@echo "installing hypercycle[$*] into $(VENV) (minutes, the first time)"
	@$(BIN)/python $(INSTALL) --editable '.[$*]'
	@touch $@

.venv-%/torch-$(OLDEST_TORCH).installed: requirements-%.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-$*
	@echo "installing $< and PyTorch $(OLDEST_TORCH) into .venv-$* (minutes, and gigabytes where PyTorch brings CUDA)"
	@.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $< torch==$(OLDEST_TORCH) --editable .
	@touch $@

# fastai asks for torchvision, which must be the build of this very PyTorch; the list has all
# that is needed, without it.
$(TRAINERS_VENV)/installed: requirements-trainers.txt pyproject.toml
	$(PYTHON) -m venv --clear $(TRAINERS_VENV)
	@echo "installing $< into $(TRAINERS_VENV) (minutes, and gigabytes where PyTorch brings CUDA)"
	@$(TRAINERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 --editable .
	@$(TRAINERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@
