# The two commands: `make sandbox` shows the product on this machine, `make test` proves it.
# `make engine` gets Pulumi's engine where there is none; `make sandbox ENGINE=pulumi` runs the sandbox with it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
.DELETE_ON_ERROR:
.PHONY: sandbox down engine test check lint types rewritten format lock bench clean

sandbox: $(READY)
	@$(BIN)/python -m sandbox up $(if $(ENGINE),--engine $(ENGINE))

down: $(READY)
	@$(BIN)/python -m sandbox down

engine: $(READY)
	@$(BIN)/python -m sandbox engine --obtain

# Three workers keep two cores busy: a worker waits for a server, a timeout or the disk a quarter of its time.
test: $(READY)
	@$(MAKE) --no-print-directory -j 2 lint types rewritten
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# pytest rewrites every assert, for 15 seconds. Done once beside the type checker, not in each worker again.
rewritten: $(READY)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -q > /dev/null 2>&1 || true

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m benchmarks --all

# Pins every package with its hashes; no index address is written into the files.
lock: $(READY)
	$(BIN)/pip install -q uv
	for name in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header -q $$name.in -o $$name.txt || exit 1; done

# Bytecode is compiled at install: without it every start of the command takes more than twice as long.
$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'keyplan needs Python 3.11 or newer: make PYTHON=python3.12 …' >&2; exit 2; }
	@echo 'installing into $(VENV) (once; a few minutes on a cold cache)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# The lock is whole: nothing is left to resolve. Compiled afterwards, on all cores.
	@$(BIN)/python -m pip install -q --no-deps --no-compile --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q -j 0 $(VENV)/lib keyplan components sandbox \
	  __main__.py > /dev/null || true
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
