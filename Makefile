.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
READY := $(VENV)/ready
# pip installs nothing but uv, which takes a seventh of its time for all the rest. Councils trust certificates of their own.
INSTALL = $(VENV)/bin/uv pip install --quiet --system-certs --python $(VENV)/bin/python
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# One process more than cores, as some always wait: for Chromium, for a server, for a lease to run out.
JOBS ?= $(if $(ROOM),$(CORES),$(shell expr $(CORES) + 1))
ROOMS = $(shell find tests -name 'test_*.py' | sed -n 's|^tests/\(.*\)/[^/]*$$|\1|p' | sort -u)

# Else each of the many processes that the tests start would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test room check lint types floors tables docs pictures bench soak audit services clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: $(READY) ## Make .venv with locked dependencies and front-end assets; leaves .venv/bin/engage

$(READY): requirements.lock pyproject.toml $(wildcard engage/assets/*.*)
	@test -n "$(PYTHON)" || { echo "Engage needs Python 3.11, 3.12 or 3.13. Install one, or name it: make PYTHON=/path/to/python3"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > $(VENV)/uv.lock
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r $(VENV)/uv.lock
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

demo: setup ## Play the whole story on a made-up borough, then serve it
	$(VENV)/bin/engage demo $(DEMO)

test: room setup services check ## Run every check and test (SQLite, PostgreSQL, Chromium); ROOM=segments/rules for one room's, EXAMPLES=all for all that can be tried
	ENGAGE_EXAMPLES=$(EXAMPLES) $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadgroup $(if $(ROOM),tests/$(ROOM),$(TESTS))

room:
	@test -z "$(ROOM)" || test -n "$(filter $(ROOM),$(ROOMS))" || { \
		echo "There are no tests of a room $(ROOM). The rooms that have tests:"; printf '  %s\n' $(ROOMS); exit 1; }

check: setup ## Lint, format, types, floors, tables of the documents
	@$(MAKE) --no-print-directory --keep-going -j $(CORES) tables types floors lint

# ruff and mypy remember what they found of a file by its content or its time and size; imports are read anew.
lint:
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types:
	$(VENV)/bin/mypy

floors:
	$(VENV)/bin/lint-imports --no-cache

tables:
	$(VENV)/bin/python docs/tables.py --check
	$(VENV)/bin/python docs/catalogue.py --check

docs: setup ## Write the tables of docs/ that follow from the code, and what is to be said in Welsh
	$(VENV)/bin/python docs/tables.py
	$(VENV)/bin/python docs/catalogue.py

pictures: setup services ## Take the pictures of docs/officers anew
	$(VENV)/bin/python docs/pictures.py

bench: setup ## Measure speed and accuracy against named references; slow (MEASURES=linking for one)
	@failed=; for measure in $(or $(MEASURES),$(basename $(notdir $(wildcard benchmarks/*.py)))); do \
		echo "== $$measure"; $(VENV)/bin/python benchmarks/$$measure.py || failed="$$failed $$measure"; \
	done; test -z "$$failed" || { echo "Limits missed:$$failed"; exit 1; }

soak: setup services ## Kill, starve and lie to real processes while they send; slow (SOAK=--quick for a tenth)
	$(VENV)/bin/python -m pytest -n 0 -s $(SOAK) tests/soak/soak.py

audit: setup ## Others' tools on our code and libraries: bandit, pip-audit, npm audit, SBOM, schemathesis (TOOLS=bandit for one)
	$(VENV)/bin/python tests/audit/tools.py $(TOOLS)

services: ## Find PostgreSQL, Chromium and Java for the tests, or install them, or say how
	@sh tests/services.sh

clean: ## Remove what setup made
	rm -rf $(VENV) engage/static engage/assets/node_modules
