# What a person types. PORT, DATA, SANDBOX_PORT, DEMO and the other settings of README reach the programs through the
# environment, from `make run PORT=5000` as well as from the shell.

PYTHON ?= python3
VENV := $(or $(MASTHEAD_VENV),.venv)

.DEFAULT_GOAL := help
.PHONY: help run test check bench lock

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: ## open the magazine: site, worker and Stripe sandbox (PORT=5000 DATA=instance SANDBOX_PORT=5001 DEMO=1)
	@$(PYTHON) deploy/launch.py

test: ## run every test (ARGS="-k give -x" goes to pytest)
	@$(PYTHON) deploy/environment.py requirements-dev.txt
	@$(VENV)/bin/python -m pytest -n auto --dist worksteal $(ARGS)

check: ## look for mistakes without running anything: lint, format, types
	@$(PYTHON) deploy/environment.py requirements-dev.txt
	@$(VENV)/bin/python -m ruff check .
	@$(VENV)/bin/python -m ruff format --check .
	@$(VENV)/bin/python -m mypy

bench: ## measure, as ratios in one run on this machine (needs wrk; ARGS="warm cold" measures only those)
	@$(PYTHON) deploy/environment.py requirements-dev.txt
	@$(VENV)/bin/python -m bench $(ARGS)

lock: ## write both requirements files anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		pyproject.toml -o requirements.txt
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		--group test --group browser --group bench --group lint -c requirements.txt pyproject.toml -o requirements-dev.txt
