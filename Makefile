# `make help` lists the targets. Everything runs from .venv, which `make setup` builds.

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest
# On all processors, which have to agree on the order of sets: for tests that neither load a probe nor start engines.
# Compiled modules are kept whatever the environment says: every process would compile anew.
SPREAD := PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE= $(PYTEST) -n auto --dist worksteal
TOGETHER := tests/unit tests/functional tests/properties tests/oracle tests/fuzz tests/documents
# Tests wait for servers most of the time, and each has its own: four at once.
SERVERS := $(wildcard tests/sinks tests/puppet)
ALONE  := $(wildcard tests/live)
STAMP  := .venv/.setup-done
FUZZ_N ?= 100000
IMAGE  ?= falco
PART   ?=
VERSION = $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' falco/__init__.py)

CAPTURE := tests/captures/made/six_behaviours.scap
RULES   := rules/falco_rules.yaml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)$$/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  %-12s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: $(STAMP) ## build .venv, with the system packages it needs (quick when nothing changed)

$(STAMP): pyproject.toml build/setup/setup build/setup/apt-packages.txt
	build/setup/setup .venv
	@touch $@

.PHONY: run
run: $(STAMP) ## monitor this host with the default rules, alerts on the terminal; Ctrl-C ends it
	@.venv/bin/falco -r $(RULES) || { status=$$?; \
	  echo "To see alerts without watching this host: make demo" >&2; exit $$status; }

.PHONY: demo
demo: $(STAMP) ## replay a shipped capture with the default rules, on any machine and as anybody
	.venv/bin/falco -e $(CAPTURE) -r $(RULES)

.PHONY: test
test: lint types imports ## everything that must pass: lint, types, imports, all tests, a short fuzz
	$(SPREAD) $(TOGETHER)
	$(SPREAD) -n 4 $(SERVERS)
	$(PYTEST) $(ALONE)

.PHONY: unit
unit: $(STAMP) ## unit tests and property tests
	$(SPREAD) $(wildcard tests/unit tests/properties)

.PHONY: functional
functional: $(STAMP) ## captures + rules + configuration -> exit status, alerts, text
	$(PYTEST) tests/functional

.PHONY: oracle
oracle: $(STAMP) ## compare fields and filters with sysdig on every capture
	$(PYTEST) tests/oracle

.PHONY: fuzz
fuzz: $(STAMP) ## damaged captures, rules and configuration: FUZZ_N inputs in all (100000)
	FUZZ_N=$(FUZZ_N) $(PYTEST) tests/fuzz
	test "$$(uname -m)" != x86_64 || { $(PYTHON) -m pip install --quiet --disable-pip-version-check --editable .[fuzz] && \
	  $(PYTHON) -m tests.fuzz.endpoint -runs=$$(($(FUZZ_N) / 4)); }

.PHONY: soak
soak: $(STAMP) ## 14,000 alerts, the sink down for ten minutes, detector, forwarder and sink killed in turn (15 minutes)
	SOAK_ALERTS=14000 SOAK_SECONDS=700 $(PYTEST) -n 3 -rP tests/sinks/test_outage.py

.PHONY: golden
golden: $(STAMP) ## write the golden files anew from what the code gives now; read the diff before committing
	$(PYTEST) --update-golden

.PHONY: image
image: ## build the container image, tagged IMAGE:latest and IMAGE:VERSION (falco)
	docker build --tag $(IMAGE):latest --tag $(IMAGE):$(VERSION) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$$(git describe --always --dirty --abbrev=40 --exclude '*') \
	  --build-arg CREATED=$$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ) .

.PHONY: appliance
appliance: $(STAMP) ## the image under docker and podman, the packages installed: as root, with BPF (minutes)
	$(PYTEST) tests/appliance

.PHONY: bench
bench: $(STAMP) ## measure replays beside sysdig, and as root what watching costs (20 minutes; PART=replays a part of it)
	$(PYTHON) -m tests.bench $(PART)

.PHONY: lint
lint: $(STAMP) ## ruff: rules and format; hadolint: the Dockerfiles
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/hadolint Dockerfile* build/*/Dockerfile tests/appliance/*/Dockerfile

.PHONY: format
format: $(STAMP) ## let ruff format the code and fix what it safely can
	.venv/bin/ruff check --fix --exit-zero
	.venv/bin/ruff format

.PHONY: types
types: $(STAMP) ## mypy, strict
	.venv/bin/mypy

.PHONY: imports
imports: $(STAMP) ## import-linter: imports go down through the layers only
	.venv/bin/lint-imports --no-logo

.PHONY: clean
clean: ## remove .venv and every cache
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build/out dist *.egg-info
	find falco tests -name __pycache__ -type d -prune -exec rm -rf {} +
