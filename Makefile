# Everything needs Python 3.11 or newer and make; the rest is installed into .venv and node_modules.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
READY := .venv/.ready
TESTS_READY := .venv/.tests-ready
TOOLS_READY := .venv/.aws-ready .venv/.checkov-ready

.PHONY: help demo local down test fuzz soak poison reliability lint synth bootstrap deploy verify-aws destroy bench cost scale screenshots reference events cases lock

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo
	@echo '  To type bolt-archive without .venv/bin/ before it: source .venv/bin/activate'

$(READY): requirements.txt package-lock.json pyproject.toml tools/setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or newer is required. To choose one: make PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) tools/setup.py
	@touch $@

demo: $(READY) ## try the whole path on this machine: deploy, send, archive, show
	@python -m local demo

local: $(READY) ## run the real stack on an embedded AWS until Ctrl-C
	@python -m local up

down: $(READY) ## stop a stack started with `python -m local up --detach`
	@python -m local down

$(TESTS_READY): $(READY) tests/sdk/requirements.txt
	@echo "set-up: installing Paradime's SDK, for the tests"
	@python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes \
	  --only-binary=:all: -r tests/sdk/requirements.txt
	@touch $@

# Each in its own environment: their dependencies conflict with ours.
$(TOOLS_READY): .venv/.%-ready: $(READY) tests/%/requirements.txt
	@echo "set-up: installing $* in .venv/$*, for the tests"
	@python -m venv --clear .venv/$*
	@.venv/$*/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
	  --only-binary=:all: -r tests/$*/requirements.txt
	@touch $@

test: $(TESTS_READY) $(TOOLS_READY) ## run all tests
	@python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder

fuzz: $(READY) ## send 200,000 mutated requests through the ingest handler; SEED=… repeats a run
	@python -m tests.fuzz $(if $(SEED),--seed $(SEED))

reliability: $(READY) ## reproduce the figures of docs/reliability.md: order, crash points, timeouts
	@python -m pytest -q $(addprefix tests/integration/test_,order.py crash_points.py out_of_time.py)

soak: $(READY) ## send 5,000 deliveries to the local stack while Paradime fails and workers are killed; SEED=…
	@python -m tests.soak $(if $(SEED),--seed $(SEED))

poison: $(READY) ## send runs that kill the functions, and ordinary ones beside them, to the local stack
	@python -m tests.poison

lint: $(READY) ## run ruff and mypy
	@ruff check .
	@ruff format --check .
	@mypy

synth: $(READY) ## write the CloudFormation template and check it with cdk-nag
	@python -m infra.synth

bootstrap: $(READY) ## prepare an AWS account and region, once before the first deploy
	@npx cdk bootstrap

deploy: $(READY) ## deploy into the AWS account of your credentials
	@npx cdk deploy

verify-aws: $(READY) ## check that the stack works in your AWS account: deploy one, use it, remove it
	@python -m tools.verify_aws

destroy: $(READY) ## remove the stack; docs/operations.md says what is kept on purpose
	@npx cdk destroy

bench: $(TESTS_READY) ## measure speed, memory and calls against floors, in one table
	@python -m bench

cost: $(READY) ## compute the tables of docs/cost.md
	@python -m bench.cost

scale: $(READY) ## compute the tables of docs/scale.md: which limit is reached when
	@python -m bench.scale

screenshots: $(READY) ## regenerate docs/images with Chromium
	@python -m tests.browser.screenshots

reference: $(READY) ## regenerate the parts of docs/reference.md that come from the code
	@python -m tools.reference

events: ## regenerate events/paradime and events/lambda with real dbt runs
	@$(PYTHON) events/make.py

cases: ## regenerate those of tests/data/cases that real tools write; NAME=… chooses
	@$(PYTHON) events/cases/make.py $(NAME)

lock: ## regenerate requirements.txt and package-lock.json from requirements.in and package.json
	@$(PYTHON) tools/lock.py
	@.venv/bin/npm install --package-lock-only
