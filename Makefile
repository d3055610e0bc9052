# Needs only Python 3.11 or newer and make. Everything else goes into .venv, which each target makes for itself.
# PYTHON=/path/to/python chooses the interpreter; without it the newest of python3.13, 3.12, 3.11 is taken, then python3.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
STAGE ?= dev
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)

.PHONY: deploy package rights help sandbox demo test lint e2e fuzz bench evaluate crash kill outages clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

sandbox: .venv/.operator-stamp ## Start a complete careloop on this machine, with stand-ins for the platforms and the helpdesk
	@$(BIN)/careloop sandbox

demo: .venv/.operator-stamp ## Show one customer's message going to a ticket and the answer coming back
	@$(BIN)/careloop demo

test: lint ## Check style and types, then run every test that needs no server (about four minutes)
	@$(BIN)/python -m pytest -q -n 2

lint: .venv/.dev-stamp ## Check style and types only
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

e2e: .venv/.dev-stamp ## Run the tests against real servers
	@$(BIN)/python -m tests.e2e.run

crash: .venv/.dev-stamp ## Stop every flow at every boundary, and judge what is left (some minutes)
	@$(BIN)/python -m tests.crash

rights: .venv/.dev-stamp ## Run the functional suite with exactly each function's rights, then without each of them (some minutes)
	@$(BIN)/python -m tests.rights

kill: .venv/.dev-stamp ## Kill the local family at random moments, 300 times, and judge what is left (some minutes)
	@$(BIN)/python -m tests.kills

fuzz: .venv/.dev-stamp ## Throw mutated bodies at every receiver (a few minutes); options: make fuzz FUZZ="--seconds 60 x"
	@$(BIN)/python -m tests.fuzz $(FUZZ)

package: .venv/.operator-stamp ## Make the small, compiled package in out/package: make package STAGE=dev
	@$(BIN)/careloop package --stage $(STAGE)

deploy: .venv/.operator-stamp ## Provision, package, deploy and bind a stage: make deploy STAGE=dev (again after a failure)
	@$(BIN)/careloop provision --stage $(STAGE) $(if $(YES),--yes)
	@$(BIN)/careloop bind --stage $(STAGE) --before
	@$(BIN)/careloop package --stage $(STAGE)
	@$(BIN)/chalice --project-dir out/package deploy --stage $(STAGE)
	@$(BIN)/careloop bind --stage $(STAGE)

bench: .venv/.bench-stamp ## Measure, and print one table of ratios (under three minutes)
	@$(BIN)/python -m bench

evaluate: .venv/.dev-stamp ## Measure who is matched to whom, on labelled people (two minutes); options: SIZE=1000000 SEED=reporting-3
	@$(BIN)/python -m bench.matching --size $(or $(SIZE),100000) $(if $(SEED),--seed $(SEED)) $(if $(AUTHORS),--authors $(AUTHORS))

outages: .venv/.dev-stamp ## Play many random stories with lost webhooks: reconciled, and audited (a few minutes)
	@CARELOOP_EXAMPLES=$(or $(EXAMPLES),150) $(BIN)/python -m pytest -q tests/functional/test_outages.py tests/functional/test_auditing.py

clean: ## Remove caches and build output (keeps .venv)
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist out *.egg-info
	@find . -path ./.venv -prune -o -type d -name __pycache__ -exec rm -rf {} +

# A version manager's command may exist and still not run, so each candidate is tried, not looked up.
.venv/.python-stamp:
	@for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    "$$candidate" -m venv .venv && touch $@ && exit 0; \
	    echo "$$candidate could not make a virtual environment (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; \
	  fi; \
	done; \
	echo "Careloop needs Python 3.11 or newer; none of these is: $(CANDIDATES)." >&2; \
	echo "Install one, or name it: make <target> PYTHON=/path/to/python3.12" >&2; exit 1

# The two lists share one environment, so the second waits for the first, whatever -j says.
.venv/.operator-stamp: requirements.txt requirements-operator.txt pyproject.toml | .venv/.python-stamp
	@echo "Installing what the careloop command needs into .venv (only when the list has changed)"
	@$(PIP_INSTALL) -r requirements-operator.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# Into a folder of their own: nothing that the tests use gets another version of anything.
.venv/.bench-stamp: requirements-bench.txt .venv/.dev-stamp
	@echo "Installing the peers of the benchmark into .venv/peers (only when the list has changed)"
	@rm -rf .venv/peers
	@$(PIP_INSTALL) --target .venv/peers -r requirements-bench.txt
	@touch $@

.venv/.dev-stamp: requirements-dev.txt .venv/.operator-stamp
	@echo "Installing what the tests need into .venv (only when the list has changed)"
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@
