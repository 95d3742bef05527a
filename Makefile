# `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install -qq --disable-pip-version-check

.PHONY: help setup demo test lint check cores fuzz mutants bench lock docs clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

setup: .venv/dev ## create .venv with everything that runs, checks and tests Custode

demo: .venv/runtime ## onboard seven simulated PCs, visit them a month later, show the proof
	@$(BIN)/custode demo

test: .venv/dev ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadfile tests

lint: .venv/dev ## run every static check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/ansible-lint --config-file .config/ansible-lint.yml
	$(BIN)/codespell
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/contract

check: lint test ## lint, then test

cores: .venv/dev ## try the simulator with every supported ansible-core; needs Python 3.12 or newer
	$(BIN)/python -m tests.install_cores
	$(BIN)/python -m pytest -q tests/end_to_end/test_winsim_cores.py

fuzz: .venv/dev ## feed the simulator's parsers with what a fuzzer makes up, for two minutes
	@$(PIP) --require-hashes -r requirements/fuzz.txt
	$(BIN)/python -m tests.fuzz

mutants: .venv/dev ## break each rule a little, and see whether one of its examples notices
	$(BIN)/python -m tests.mutate_rules

bench: .venv/dev ## measure speed as ratios against a baseline of the same run
	$(BIN)/python -m tests.bench

lock: .venv/dev ## pin requirements/*.in anew, with hashes and no address of any index
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  requirements/runtime.in -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  requirements/fuzz.in -o requirements/fuzz.txt

docs: .venv/dev ## write again the reference pages and the README's excerpts that are generated
	$(BIN)/python -m tests.generate_docs

clean: ## remove what the demo and the tools left
	rm -rf .cores .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .ansible build

.venv/runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python cannot make virtual environments here; on Debian: apt install python3-venv"; exit 1; }
	@echo "Installing the pinned packages into .venv (once; about a minute) ..."
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: requirements/dev.txt .venv/runtime
	@echo "Installing the tools that check and test ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
