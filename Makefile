# EmoVerse: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
STAMP := .venv/.synced

.PHONY: help setup run test check format stubs lock train evaluate clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Create .venv with every locked dependency

$(STAMP): requirements/all.lock requirements/bootstrap
	@requirements/bootstrap
	@touch $@

run: setup  ## Start the whole system on this machine; Ctrl-C stops it
	@exec $(PYTHON) -m standalone

test: setup  ## Run every test
	@$(PYTHON) -m pytest

check: setup  ## Lint, types, import rules, generated stubs
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m pyright --warnings
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) -m contracts.generate --check

format: setup  ## Format the code and sort the imports
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

stubs: setup  ## Regenerate contracts/pb from protos/
	@$(PYTHON) -m contracts.generate

lock: setup  ## Resolve the dependencies again and write requirements/*.lock
	@requirements/lock

train: setup  ## Train the emotion model (resumes); CONFIG=name, EPOCHS=n, INIT=weights
	@$(PYTHON) -m training.train $(if $(CONFIG),--config $(CONFIG)) $(if $(EPOCHS),--epochs $(EPOCHS)) $(if $(INIT),--init $(INIT))

evaluate: setup  ## Evaluate the served model and write its card
	@$(PYTHON) -m training.evaluate $(if $(FILE),$(FILE),../shared/data/fer2013/validation.npz) --card docs/model

clean:  ## Remove the environment and everything a run left behind
	rm -rf .venv .uv .run .pytest_cache .ruff_cache
