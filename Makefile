# Needs Python 3.11 or newer, and make. Everything else goes into .venv, in the versions of requirements.txt.

VENV  := .venv
FUZZ  := .venv-fuzz
READY := $(VENV)/.ready
BIN   := $(VENV)/bin
UV    ?= uv
PORT  ?= 3000
ARGS  ?=

# tried in this order; `make PYTHON=/path/to/python3.12 test` uses that one and no other
PYTHONS := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3)

# no Dagster process that these targets start sends anything anywhere, with or without a dagster.yaml
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help attack demo demo-history test lint bench bench-gate corpus faults fuzz ui lock clean rebuild-matrix
.DEFAULT_GOAL := help

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## publish the synthetic demo district, from an inbox of files to a release
	@$(BIN)/tuoyu demo $(ARGS)

demo-history: $(READY) ## the demo district month by month, 24 releases, judged event by event; in history/
	@$(BIN)/tuoyu demo --history --home history $(ARGS)

test: $(READY) ## every test; ARGS="tests/house -x" for some
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: $(READY) ## ruff and the floors (part of the tests as well)
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

bench: $(READY) ## seconds a step, rows a second and peak memory; ARGS="--providers 62500" for a million reports
	@$(BIN)/python -m tests.bench.whole_line $(ARGS)

corpus: $(READY) ## the whole line over 500 broken and hostile files; ARGS="--only D:" for one group
	@$(BIN)/python -m tests.corpus.run $(ARGS)

rebuild-matrix: $(READY) ## every version of 24 months rebuilt on a clone, elsewhere, in another year; ARGS="--months 3 --each"
	@nice $(BIN)/python -m tests.journeys.rebuild_matrix $(ARGS)

attack: $(READY) ## bounds every hidden number of 200 invented districts from what is published; ARGS="--districts 20"
	@nice $(BIN)/python -m tests.attack.run $(ARGS)

bench-gate: $(READY) .venv-bench/.ready ## the gate beside its limit and its rivals; ARGS="--rows 1000000 --workbook"
	@$(BIN)/python -m tests.bench.gate $(ARGS)

fuzz: $(READY) ## broken files made of small good ones, until the time is over; ARGS="--seconds 600", "--replay"
	@$(if $(findstring --guided,$(ARGS)),$(MAKE) --no-print-directory $(FUZZ)/.ready)
	@PYTHONPATH=$(FUZZ) nice -n 19 $(BIN)/python -m tests.fuzz.run $(ARGS)

faults: $(READY) ## kills, starves and confuses a publisher; ARGS="--quick", ARGS="--only killed,readers --n 50"
	@$(BIN)/python -m tests.faults.run $(ARGS)

ui: $(READY) ## the Dagster UI on this machine only; PORT=3000
	@mkdir -p workspace/dagster
	@cp dagster.yaml workspace/dagster/dagster.yaml
	@DAGSTER_HOME="$(CURDIR)/workspace/dagster" $(BIN)/dagster dev -m pipelines.definitions -h 127.0.0.1 -p $(PORT)

lock: ## write requirements.txt anew from pyproject.toml (needs uv); ARGS=--upgrade for newer versions
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: $(UV) not found" >&2; exit 1; }
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --no-header --no-strip-extras --group pyproject.toml:dev pyproject.toml -o requirements.txt $(ARGS)

clean: ## remove .venv and caches; never what was received or published
	@rm -rf $(VENV) $(FUZZ) dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find schemas quality assets pipelines tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# rivals of the gate, in an environment of their own
.venv-bench/.ready: tests/bench/gate/requirements.txt $(READY)
	@echo "Installing the rivals into .venv-bench (once)"; rm -f $@; $(BIN)/python -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
	    --no-deps --only-binary :all: --requirement tests/bench/gate/requirements.txt
	@touch $@

# The stamp comes last and goes first: an interrupted install is started again from an empty .venv.
$(READY): requirements.txt pyproject.toml
	@clear=--clear; if [ -f $@ ]; then clear=; rm -f $@; fi; \
	for python in $(PYTHONS); do \
	    $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "No Python 3.11 or newer with the venv module found (tried: $(PYTHONS))." >&2; \
	    echo "Install one (on Debian and Ubuntu also python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi; \
	echo "Installing the pinned packages into $(VENV) with $$python (once; a few minutes)"; \
	$$python -m venv $$clear $(VENV)
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
	    --no-deps --only-binary :all: --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
	    --no-build-isolation --no-index --editable .
	@touch $@

# coverage-guided fuzzing needs one package more, which nothing else may come to need
$(FUZZ)/.ready: tests/fuzz/requirements.txt $(READY)
	@rm -rf $(FUZZ)
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
	    --no-deps --only-binary :all: --target $(FUZZ) --requirement tests/fuzz/requirements.txt
	@touch $@
