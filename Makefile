# EmoVerse: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
STAMP := .venv/.synced
WEB := services/gateway/web
WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '*/dist/*')
PRETRAINED := .runs/pretrained
FACES := @vladmandic/human@3.3.6
FACES_MODELS := node_modules/@vladmandic/human/models
FACES_SHA256 := 2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b
NPM := cd $(WEB) && PATH="$(CURDIR)/.venv/bin:$$PATH" npm

.PHONY: help setup web run test stack-test chaos soak audit fuzz check format stubs lock pretrained train evaluate clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Create .venv with every locked dependency

$(STAMP): requirements/all.lock requirements/uv.lock requirements/bootstrap
	@requirements/bootstrap
	@touch $@

web: setup $(WEB)/dist/index.html  ## Build the web app

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json $(STAMP)
	@echo "web: installing the locked packages"
	@$(NPM) ci --loglevel=error
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "web: building the web app"
	@$(NPM) run --silent build -- --logLevel=warn

run: setup  ## Start the whole system on this machine; Ctrl-C stops it
	@$(MAKE) --no-print-directory web || echo "run: the web app could not be built: the one built before is served, or none; the API works"
	@exec $(PYTHON) -m standalone

test: web  ## Run every test
	@$(NPM) test --silent -- --reporter=dot
	@$(PYTHON) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --ignore tests/browser
	@$(PYTHON) -m pytest tests/browser

stack-test: setup  ## Bring the compose stack up, use it, scale it, break it; skipped where there is no Docker engine; TLS=1
	@$(PYTHON) -m tests.stack $(if $(TLS),--tls)

chaos: setup  ## Break the running system part by part, under load; FAULTS=n SEED=n STREAMS=n WRITERS=n
	@$(PYTHON) -m tests.chaos $(if $(FAULTS),--faults $(FAULTS)) $(if $(SEED),--seed $(SEED)) $(if $(STREAMS),--streams $(STREAMS)) $(if $(WRITERS),--writers $(WRITERS))

soak: setup  ## Let people stream and write for long, and watch what grows; MINUTES=n
	@$(PYTHON) -m tests.chaos.soak $(if $(MINUTES),--minutes $(MINUTES))

audit: setup  ## Are the lock files whole, and is anything in them known to be vulnerable?
	@$(PYTHON) -m tests.audit

fuzz: setup  ## Put made-up input into every edge; INPUTS=100000 for the long form
	@$(PYTHON) -m tests.fuzz $(if $(INPUTS),--inputs $(INPUTS)) $(if $(SEED),--seed $(SEED))

check: setup $(WEB)/node_modules/.package-lock.json  ## Lint, types, import rules, generated stubs
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m pyright --warnings
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) -m contracts.generate --check
	@$(PYTHON) -m services.gateway.client_types --check
	@$(NPM) run --silent check

format: setup $(WEB)/node_modules/.package-lock.json  ## Format the code and sort the imports
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .
	@$(NPM) run --silent format

stubs: setup $(WEB)/node_modules/.package-lock.json  ## Regenerate contracts/pb from protos/, and the web app's types from OpenAPI
	@$(PYTHON) -m contracts.generate
	@$(PYTHON) -m services.gateway.client_types

lock: setup  ## Resolve the dependencies again and write requirements/*.lock
	@requirements/lock

pretrained: setup  ## Fetch the face network that CONFIG=faces begins from, as .runs/pretrained/faceres.weights.h5
	@mkdir -p $(PRETRAINED)
	@cd $(PRETRAINED) && PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --prefix . --no-save --ignore-scripts --loglevel=error $(FACES)
	@echo "$(FACES_SHA256)  $(PRETRAINED)/$(FACES_MODELS)/faceres.bin" | sha256sum --check --quiet
	@$(PYTHON) -m training.pretrained $(PRETRAINED)/$(FACES_MODELS) $(PRETRAINED)/faceres.weights.h5

train: setup  ## Train the emotion model (resumes); CONFIG=name, EPOCHS=n, INIT=weights, TEACHER=weights (or several)
	@$(PYTHON) -m training.train $(if $(CONFIG),--config $(CONFIG)) $(if $(EPOCHS),--epochs $(EPOCHS)) $(INIT:%=--init %) $(TEACHER:%=--teacher %)

evaluate: setup  ## Evaluate the served model and write its card; on another FILE, without the card
	@$(PYTHON) -m training.evaluate $(if $(FILE),$(FILE),../shared/data/fer2013/validation.npz --card docs/model)

clean:  ## Remove the environment and everything a run left behind
	rm -rf .venv .uv .run .pytest_cache .ruff_cache $(WEB)/node_modules $(WEB)/dist
