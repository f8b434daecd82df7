# Every target sets up what it needs by itself; nothing has to be installed first but Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check -c constraints.txt
ARGS ?=
SPREAD := -n auto --maxprocesses 8
# Where a sweep with ARGS="smoke=true" or ARGS="results=DIR" leaves its records.
WHERE = $(if $(filter smoke=true,$(ARGS)),--results results/smoke) $(patsubst results=%,--results %,$(filter results=%,$(ARGS)))

# One BLAS thread per process: workers share the cores, and last bits depend on the number of threads.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-extras test test-all test-extras lint bench sweep-dimension sweep-accuracy sweep-floors sweep-diffusers leaderboard verify figures report docs gallery paper clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  A sweep takes overrides:  make sweep-dimension ARGS="d=2,4 particles=200"'
	@echo '  One run of your own:      $(PY) -m experiments.run --help'

$(VENV)/.ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python >= 3.11, or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), and Python >= 3.11 is needed: name one, such as make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP) -e '.[test]'
	@touch $@

setup: $(VENV)/.ready ## the environment, in .venv

# On Linux torch without a local version may be a build for GPUs that brings gigabytes of libraries: the CPU build is
# asked for by name, and nothing is installed where the package index does not have it. Of k-diffusion only the samplers
# are used, by the tests; what else it would bring trains networks.
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)$(if $(filter Linux,$(shell uname -s)),+cpu)

$(VENV)/.extras: $(VENV)/.ready
	@echo "Setting up the extras diffusers and diffrax in $(VENV) (once, a minute or two)"
	@$(PIP) '$(TORCH)' 2>/dev/null && $(PIP) -e '.[diffusers,diffrax]' && $(PIP) --no-deps k-diffusion && touch $@ || { \
	  echo "The extras are left out: $(TORCH) or what goes with it is not to be had from the package index (one that has" \
	    "CPU builds of torch can be named in PIP_EXTRA_INDEX_URL)." >&2; exit 1; }

setup-extras: $(VENV)/.extras ## diffusers and diffrax as well (CPU builds only)

test: $(VENV)/.ready ## the tests, in a few minutes
	$(PY) -m pytest $(SPREAD)

test-all: $(VENV)/.ready ## the slow tests as well
	$(PY) -m pytest $(SPREAD) -m "slow or not slow"

test-extras: $(VENV)/.ready ## other people's solvers: installs the extras, if they are to be had
	@$(MAKE) --no-print-directory setup-extras || exit 0; \
	  $(PY) -m pytest $(SPREAD) heroism/tests/test_external_*.py heroism/tests/test_known.py \
	    heroism/tests/test_grids.py heroism/tests/test_own_torch.py experiments/tests/test_extras.py && \
	  $(PY) -m pytest $(SPREAD) experiments/tests/test_configs.py -k "diffusers or diffrax or trained or leaderboard"

lint: $(VENV)/.ready ## ruff and mypy
	$(PY) -m ruff check heroism experiments analysis hydra_plugins docs examples setup.py
	$(PY) -m mypy

bench: $(VENV)/.ready ## CPU time per score evaluation, beside jitted JAX and the floors of the arithmetic (installs JAX)
	@$(call extra,bench,jax)
	@$(PY) -m experiments.bench

sweep-dimension: ## how T(d, epsilon) grows with d, beside the theorem
sweep-accuracy: ## how T(d, epsilon) grows with 1/epsilon, beside the theorem
sweep-floors: ## where histogram and optimal transport stop and the exact total variation goes on
sweep-dimension sweep-accuracy sweep-floors: sweep-%: $(VENV)/.ready
	@$(PY) -m experiments.run -m study=$* report=false $(ARGS); status=$$?; \
	  test $$status -gt 1 || $(PY) -m analysis.report $* $(WHERE) || status=$$?; exit $$status

# Some options of some schedulers fail; their records say why, and the table with them.
sweep-diffusers: $(VENV)/.extras ## other people's solvers: the order they reach, where they stop, and why
	@$(PY) -m experiments.run -m study=diffusers report=false $(ARGS) || test $$? -eq 1
	@$(PY) -m analysis.report diffusers $(WHERE)

leaderboard: $(VENV)/.ready ## which sampler at which budget: every sampler on every target, a published experiment, shipped solvers
	@failed=0; studies="leaderboard_stochastic leaderboard published"; \
	  if $(PY) -c 'import diffusers, diffrax' 2>/dev/null; then studies="$$studies diffusers"; else \
	  echo "The study of shipped solvers is left out: the extras are missing, make setup-extras installs them."; fi; \
	  for study in $$studies; do \
	  $(PY) -m experiments.run -m study=$$study report=false $(ARGS); status=$$?; test $$status -le 1 || exit $$status; \
	  test $$status -eq 0 -o $$study = diffusers || failed=1; done; \
	  $(PY) -m analysis.report $$studies $(WHERE) || failed=1; exit $$failed

.PHONY: practice
practice: $(VENV)/.ready ## what to run at 5 to 50 score evaluations: what people run, ranked, with ties
	@$(PY) -m experiments.run -m study=practice report=false $(ARGS); status=$$?; \
	  test $$status -gt 1 || $(PY) -m analysis.report practice $(WHERE) || status=$$?; exit $$status

# All claims are checked before the first sweep; those that are broken are named, and the others go on.
verify: $(VENV)/.ready ## every claim: run what is missing, fit, judge (ARGS=--smoke: a tiny version, --paper=2506.24042: of one paper, --controls: negative controls too)
	@studies=$$($(PY) -m analysis.verify --studies $(filter --paper=% --controls,$(ARGS))); broken=$$?; test $$broken -eq 0 -o $$broken -eq 2 || exit $$broken; \
	  for study in $$studies; do \
	  $(PY) -m experiments.run -m study=$$study report=false $(if $(findstring --smoke,$(ARGS)),smoke=true hydra/launcher=basic); status=$$?; \
	  test $$status -le 1 || exit $$status; done; \
	  $(PY) -m analysis.verify $(ARGS); status=$$?; test $$status -ne 0 || status=$$broken; exit $$status

figures: $(VENV)/.ready ## every table, claim and figure again, from results/raw or else from results/tables/runs.parquet
	$(PY) -m analysis.report

comma := ,
# Extras of pyproject.toml by their names, as far as they are missing: $(call extra,docs,module)
extra = $(PY) -c 'import $(2)' 2>/dev/null || $(PIP) -e '.[$(1)]'

report: $(VENV)/.ready ## one HTML file to send to somebody: claims, figures that answer, leaderboard (installs a library)
	@$(call extra,report,vl_convert)
	@$(PY) -m analysis.page

docs: $(VENV)/.ready ## the site, in site/ (installs mkdocs; the build itself needs no network)
	@$(call extra,docs,material$(comma) latex2mathml)
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build -q && echo "Site: site/index.html"

gallery: $(VENV)/.ready ## samplers at work in the plane: densities, paths, where the error sits, refinements as an animation
	@$(PY) examples/gallery.py

paper: $(VENV)/.ready ## for LaTeX, in results/paper: every picture one column wide with its caption, tables, BibTeX
	$(PY) -m analysis.paper

clean: ## remove caches and sweep logs (not .venv, not results/raw)
	rm -rf .pytest_cache .mypy_cache .ruff_cache build *.egg-info results/sweeps results/smoke
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
