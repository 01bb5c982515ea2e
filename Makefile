# Everything a person types. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help run setup test lint lock bench browser train

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# Where links in the demo firm's emails lead, unless PUBLIC_URL says so: `flask serve` knows its port, and comes later.
LINKS = $(if $(PUBLIC_URL)$(shell grep -s '^PUBLIC_URL=' .env),,PUBLIC_URL=http://127.0.0.1:$(PORT))
export PYTHONDONTWRITEBYTECODE := # where it is set, every process compiles everything anew: three seconds each

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: ## Start everything: web, worker, demo firm on the first start (PORT=8001 for another port)
	@$(PYTHON) scripts/prepare.py requirements.txt
	@$(LINKS) $(BIN)/flask prepare
	@exec $(BIN)/flask serve --port $(PORT) --welcome

setup: ## Make .venv with everything pinned; quick when nothing changed
	@$(PYTHON) scripts/prepare.py requirements.txt requirements-dev.txt

browser: setup
	@$(BIN)/python scripts/prepare.py --browser

lint: setup ## Format, lint, types, templates, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --profile=jinja --lint --quiet templates
	$(BIN)/mypy
	$(BIN)/lint-imports

test: browser lint ## Lint, types and all tests, on SQLite and on PostgreSQL
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal --database=postgresql -m "not browser" \
		--ignore=tests/functional --ignore=tests/analysis/text # these have their own servers, or no database

lock: setup ## Pin requirements*.in again, with hashes
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 -q -o requirements.txt requirements.in
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 -q -o requirements-dev.txt requirements-dev.in
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 -q -o requirements-train.txt requirements-train.in

train: ## Rebuild the models that read words, in a .venv-train of their own (an hour or two on two cores)
	$(PYTHON) -m venv .venv-train
	.venv-train/bin/pip install -q --require-hashes --no-deps -r requirements-train.txt
	.venv-train/bin/python -m bench.train

bench: setup ## Measure: the desk with a firm's history loaded, and a firm of 20,000 clients (half an hour)
	$(BIN)/python -m bench.desk --data ../shared/data/firm
	$(BIN)/python -m bench.scale
