# Byline's commands. `make` or `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
PYTEST_WORKERS ?= 2
BENCH := .venv-bench
CONVERT := .venv-convert
OTREE := .venv-otree
POTATO := .venv-potato

.DEFAULT_GOAL := help
.PHONY: help install demo serve test fuzz audit screenshots bench chaos lint format messages lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Make the environment in .venv (done by the others when needed)

$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Byline needs Python 3.11 or newer; set PYTHON=…")'
	@began=$$(date +%s) \
	&& $(PYTHON) -m venv $(VENV) \
	&& $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]' \
	&& touch $@ && echo "Installed in $$(( $$(date +%s) - began )) s, $$(du -sh $(VENV) | cut -f1)."

demo: $(INSTALLED) ## The whole line on this machine: ARTICLES=… CORPUS=… for your own files, PORT=8000
	@exec env BYLINE_PORT=$(PORT) $(BIN)/python manage.py demo $(if $(ARTICLES),--articles '$(ARTICLES)') $(if $(CORPUS),--corpus '$(CORPUS)') $(if $(LADDER),--ladder '$(LADDER)') $(if $(PER_CELL),--per-cell $(PER_CELL))

serve: $(INSTALLED) ## The site, a worker and Redis, for a study of your own (PORT=8000)
	@BYLINE_PORT=$(PORT) $(BIN)/python manage.py prepare_site --static --verbosity 0
	@exec env PATH="$(CURDIR)/$(BIN):$$PATH" BYLINE_PORT=$(PORT) $(BIN)/honcho start

test: $(INSTALLED) ## All tests but those marked gpu or slow, and the lint
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup
	BYLINE_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup tests/test_whole_study.py tests/studyapp/actions

fuzz: $(INSTALLED) ## Feed bad input to every way in: INPUTS=100000 SEED=1 (an hour or two)
	$(BIN)/python -m tests.fuzz --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1)

audit: $(INSTALLED) ## bandit over the code, pip-audit over the locked packages (asks PyPI for what is known of them)
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive studyapp generator analysis manage.py
	$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip --strict

screenshots: $(INSTALLED) ## Take the pictures of docs/screenshots anew: the rater's pages and the staff's
	BYLINE_PICTURES=docs/screenshots $(BIN)/python -m pytest -q tests/studyapp/participant_site/test_rater_pages.py
	$(BIN)/python -m pytest -q tests/take_screenshots.py

# WHAT=load needs none of the engines, and the others need no oTree
ENGINES := $(filter-out load,$(or $(WHAT),all))
RATERS := $(filter load,$(or $(WHAT),load))
bench: $(if $(ENGINES),$(BENCH)/installed $(CONVERT)/installed) $(if $(RATERS),$(INSTALLED) $(OTREE)/installed $(POTATO)/installed) ## Speed against peers: WHAT=training|sampling|growth|load NANOGPT=its clone (an hour or two)
	$(if $(ENGINES),$(BENCH),$(VENV))/bin/python -m benchmarks.run $(WHAT) $(if $(ENGINES),--optimum $(CONVERT)/bin/optimum-cli) $(if $(RATERS),--otree $(OTREE)/bin/otree --potato $(POTATO)/bin/potato) $(if $(NANOGPT),--nanogpt '$(NANOGPT)')

$(BENCH)/installed: pyproject.toml requirements.lock benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable . -r benchmarks/requirements.txt
	@touch $@

# optimum-intel wants an older transformers than ours; the torchvision that it brings serves no language model, and fails beside some builds of torch
$(CONVERT)/installed: benchmarks/requirements-convert.txt
	$(PYTHON) -m venv $(CONVERT)
	$(CONVERT)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-convert.txt
	$(CONVERT)/bin/python -m pip uninstall --quiet --yes torchvision
	@touch $@

$(OTREE)/installed: benchmarks/requirements-otree.txt
	$(PYTHON) -m venv $(OTREE)
	$(OTREE)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-otree.txt
	@touch $@

$(POTATO)/installed: benchmarks/requirements-potato.txt
	$(PYTHON) -m venv $(POTATO)
	$(POTATO)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-potato.txt
	@touch $@

chaos: $(INSTALLED) ## Kill everything again and again under a study at work, and see that nothing is lost: FAULTS=200 SEED=1
	$(BIN)/python -m chaos $(if $(FAULTS),--faults $(FAULTS)) $(if $(SEED),--seed $(SEED))

lint: $(INSTALLED) ## ruff, mypy, import contracts, missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	BYLINE_HOME=$$(mktemp -d) $(BIN)/python manage.py makemigrations --check --dry-run

format: $(INSTALLED) ## Put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(INSTALLED) ## Bring the raters' sentences into studyapp/locale/, and say which are not translated
	BYLINE_HOME=$$(mktemp -d) $(BIN)/python manage.py make_messages

lock: $(INSTALLED) ## Write down the versions that are installed now
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > requirements.lock

clean: ## Remove the environment and everything Byline wrote
	rm -rf $(VENV) $(BENCH) $(CONVERT) $(OTREE) $(POTATO) var report
