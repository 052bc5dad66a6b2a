# Everything a person or CI runs. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
# Twenty processes of one stack, and hundreds in the tests, would each compile every module again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
UV_VERSION := 0.13.9
REQUIREMENTS := deploy/requirements
BIN := .venv/bin
UV := $(BIN)/uv
CODE := manage.py platform generation moderation recommendations tests
PYTEST := $(BIN)/pytest
# Every worker has a database, a Valkey and a broker of its own. A file stays with one worker, for
# its servers; in the order of the folders, because the files with few tests are the slow ones.
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help up down status demo test check bench bench-generation bench-moderation fmt lock
.PHONY: bench-recommendations
.PHONY: test-unit test-integration test-contract test-e2e test-kills test-browser chromium models

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

up: .venv/.stack ## Install and start everything; prints the addresses and demo log-ins
	@$(BIN)/tidegate up

down: ## Stop everything
	@if [ -x $(BIN)/tidegate ]; then $(BIN)/tidegate down; else echo "Nothing is installed here."; fi

status: .venv/.stack ## Show every process with its memory, age and address
	@$(BIN)/tidegate status

demo: up ## Run the main job without a browser, on real models
	@$(BIN)/tidegate demo

test: .venv/.dev models chromium ## Run all tests: unit, integration, contract, end-to-end, browser
	@$(MAKE) --no-print-directory test-unit
	$(PYTEST) $(PARALLEL) tests/integration tests/contract
	$(MAKE) --no-print-directory test-e2e
	$(MAKE) --no-print-directory test-browser

test-unit: .venv/.dev ## Run the tests that touch nothing outside the process
	@$(PYTEST) tests/unit

test-integration: .venv/.dev models ## Run the tests against the embedded servers and real models
	@$(PYTEST) $(PARALLEL) tests/integration

test-contract: .venv/.dev ## Run the tests of messages and of the HTTP interface
	@$(PYTEST) tests/contract

test-e2e: .venv/.dev models ## Run the whole stream, and the killing of its processes
	@$(PYTEST) tests/e2e

KILLS ?= 500
test-kills: .venv/.dev models ## Kill workers, Triton and Valkey KILLS times while jobs are in flight
	@TIDEGATE_KILLS=$(KILLS) $(PYTEST) tests/e2e/test_kills.py

test-browser: .venv/.dev models chromium ## Drive the pages with headless Chromium
	@$(PYTEST) tests/browser

check: .venv/.dev ## Run the linters, the type checker and the import contracts
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=tidegate.settings.test $(BIN)/python -W ignore manage.py makemigrations --check --dry-run

bench: .venv/.dev models ## Measure, side by side, what the platform adds to its parts
	@$(BIN)/python -m tests.benchmarks

bench-generation: .venv/.dev models ## Measure the generation service: fairness, claims
	@$(BIN)/python -m tests.benchmarks.generation

bench-moderation: .venv/.dev models ## Measure the gate on labelled texts: DATA=FILE_OR_FOLDER [MAP=…] [ARGS=…]
	@if [ -z "$(DATA)" ]; then
	  echo "Which data? make bench-moderation DATA=FILE_OR_FOLDER; make bench-moderation DATA=--help says more." >&2
	  exit 1
	fi
	$(BIN)/python -m tests.benchmarks.moderation "$(DATA)" $(if $(MAP),--map '$(MAP)') $(ARGS)
	$(BIN)/python -m tests.benchmarks.moderation.backtest
	$(BIN)/python -m tests.benchmarks.moderation.stream

bench-recommendations: .venv/.dev models ## Measure the recommendations: DATA=FOLDER with ratings.csv, PROMPTS=FOLDER [ARGS=…]
	@$(BIN)/python -m tests.benchmarks.recommendations $(if $(DATA),--data "$(DATA)") $(if $(PROMPTS),--prompts "$(PROMPTS)") $(ARGS)
	$(BIN)/python -m tests.benchmarks interactions

fmt: .venv/.dev ## Format the code
	@$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.uv ## Resolve the requirements again, with hashes
	@export UV_CUSTOM_COMPILE_COMMAND="make lock"
	cd $(REQUIREMENTS)
	compile() { ../../$(UV) pip compile --quiet --no-emit-index-url --generate-hashes --universal --python-version 3.11 "$$@"; }
	compile app.in -o app.txt
	compile stack.in -c app.txt -o stack.txt
	compile dev.in -c stack.txt -o dev.txt

models: .venv/.stack
	@$(BIN)/python -m tidegate.stack.prepare serving-environment
	$(BIN)/python -m tidegate.stack.prepare weights

chromium:
	@command -v chromium >/dev/null && exit 0
	if [ "$$(id -u)" != 0 ]; then
	  echo "The browser tests need Chromium: install the package 'chromium' and run this again." >&2
	  exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null

.venv/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { echo "Python's venv is missing: on Debian and Ubuntu install the package python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

# The stack's packages are a part of the development ones, so either stamp leaves a working stack.
.venv/.stack: $(REQUIREMENTS)/stack.txt pyproject.toml | .venv/.uv
	@if [ ! -e .venv/.dev ]; then
	  $(UV) pip install --quiet --require-hashes -r $(REQUIREMENTS)/stack.txt
	  $(UV) pip install --quiet --no-deps -e .
	else
	  $(MAKE) --no-print-directory .venv/.dev
	fi
	touch $@

.venv/.dev: $(REQUIREMENTS)/dev.txt pyproject.toml | .venv/.uv
	@$(UV) pip install --quiet --require-hashes -r $(REQUIREMENTS)/dev.txt
	$(UV) pip install --quiet --no-deps -e .
	touch $@ .venv/.stack
