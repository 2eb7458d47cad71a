# Everything needs Python 3.11 or newer and make; the rest is installed into .venv and node_modules.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
READY := .venv/.ready
TESTS_READY := .venv/.tests-ready
TOOLS_READY := .venv/.aws-ready .venv/.checkov-ready

.PHONY: help demo local down test fuzz soak reliability lint synth bootstrap deploy destroy bench cost scale screenshots reference events lock

help: ## the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

$(READY): requirements.txt package-lock.json pyproject.toml tools/setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or newer is needed; name one, such as: make PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) tools/setup.py
	@touch $@

demo: $(READY) ## the whole path on this machine: deploy, send, archive, show
	@python -m local demo

local: $(READY) ## the real stack on an embedded AWS, until Ctrl-C
	@python -m local up

down: $(READY) ## stops what `python -m local up --detach` started
	@python -m local down

$(TESTS_READY): $(READY) tests/sdk/requirements.txt
	@echo "set-up: the vendor's SDK, for the tests"
	@python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes \
	  --only-binary=:all: -r tests/sdk/requirements.txt
	@touch $@

# Each in an environment of its own: their dependencies do not go with ours.
$(TOOLS_READY): .venv/.%-ready: $(READY) tests/%/requirements.txt
	@echo "set-up: $* in .venv/$*, for the tests"
	@python -m venv --clear .venv/$*
	@.venv/$*/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
	  --only-binary=:all: -r tests/$*/requirements.txt
	@touch $@

test: $(TESTS_READY) $(TOOLS_READY) ## all tests
	@python -m pytest

fuzz: $(READY) ## 200,000 mutated requests through the ingest handler; SEED=… repeats a run
	@python -m tests.fuzz $(if $(SEED),--seed $(SEED))

reliability: $(READY) ## order, crash points, out of time: the figures of docs/reliability.md
	@python -m pytest -q $(addprefix tests/integration/test_,order.py crash_points.py out_of_time.py)

soak: $(READY) ## 5,000 deliveries on the local stack while Paradime is unwell and workers are killed; SEED=…
	@python -m tests.soak $(if $(SEED),--seed $(SEED))

lint: $(READY) ## ruff and mypy
	@ruff check .
	@ruff format --check .
	@mypy

synth: $(READY) ## the CloudFormation template, with cdk-nag
	@python -m infra.synth

bootstrap: $(READY) ## once an AWS account and region, before the first deploy
	@npx cdk bootstrap

deploy: $(READY) ## cdk deploy into the AWS account of your credentials
	@npx cdk deploy

destroy: $(READY) ## cdk destroy; what it keeps on purpose is in docs/operations.md
	@npx cdk destroy

bench: $(TESTS_READY) ## measures speed, memory and calls against floors, in one table
	@python -m bench

cost: $(READY) ## dollars, from what is counted and measured: the tables of docs/cost.md
	@python -m bench.cost

scale: $(READY) ## which limit binds when, the run queue simulated: the tables of docs/scale.md
	@python -m bench.scale

screenshots: $(READY) ## docs/images anew, with chromium
	@python -m tests.browser.screenshots

reference: $(READY) ## docs/reference.md anew, as far as the code says it
	@python -m tools.reference

events: ## events/paradime and events/lambda anew, from real dbt runs
	@$(PYTHON) events/make.py

lock: ## requirements.txt and package-lock.json anew from requirements.in and package.json
	@$(PYTHON) tools/lock.py
	@.venv/bin/npm install --package-lock-only
