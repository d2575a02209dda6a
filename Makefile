# spotscape: `make demo` shows what it does, `make test` holds it to what it promises, `make help` lists the rest.
#
#   PYTHON=python3.12    the interpreter that .venv is made from (3.11 or newer)
#   PIP_ARGS="..."       more arguments for pip, e.g. another index (such as PyTorch's for CPU wheels)
#   R=skip               leave the R half out of `make test`, loudly
#   SLICE=path           what `make demo` reads: an .h5ad or .rds file, or a platform's output folder
#   K=7                  the number of domains in the demo; empty: suggested from the data

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= python3
PIP_ARGS ?=
R ?=
SLICE ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile $(PIP_ARGS) -c constraints.txt
# The tests start many processes. Where Python may not write bytecode (PYTHONDONTWRITEBYTECODE), each would compile all that
# it imports, which takes most of a minute.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
DEMO := demo
JOBS ?= 2
TEST_ENV := $(VENV)/.installed-$(if $(filter skip,$(R)),dev,r)
export RETICULATE_PYTHON := $(CURDIR)/$(BIN)/python

.PHONY: help
help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12
	@sed -nE 's/^#   /  /p' $(MAKEFILE_LIST)

# ---- the environment: made once, brought up to date when what it holds changes -----------------------------

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "make: found no '$(PYTHON)'; name a Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1), spotscape needs 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; echo "make: '$(PYTHON) -m venv' failed; on Debian and Ubuntu it needs the package python3-venv" >&2; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing spotscape and what it needs into $(VENV) (from nothing: 2 to 3 minutes) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing spotscape, what it needs and the development tools into $(VENV) ..."
	@$(PIP) -e '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed

# As .installed-dev, and rpy2, which compiles against R's headers.
$(VENV)/.installed-r: pyproject.toml constraints.txt | $(BIN)/python setup-r
	@echo "Installing spotscape, what it needs, the development tools and rpy2 into $(VENV) ..."
	@RPY2_CFFI_MODE=API $(PIP) -e '.[dev,r]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed-dev $(VENV)/.installed

# What the site and the distribution need besides, and no test does.
$(VENV)/.installed-docs: $(TEST_ENV) pyproject.toml constraints.txt
	@echo "Installing what makes the site into $(VENV) ..."
	@$(PIP) -e '.[docs]'
	@touch $@

$(VENV)/.installed-dist: $(TEST_ENV) pyproject.toml constraints.txt
	@echo "Installing what makes wheel and sdist into $(VENV) ..."
	@$(PIP) -e '.[dist]'
	@touch $@

# ---- the demo -----------------------------------------------------------------------------------------------

ifeq ($(SLICE),)
K ?= 7
DEMO_INPUT := $(DEMO)/slice.h5ad
else
K ?=
DEMO_INPUT := $(SLICE)
endif

.PHONY: demo
demo: $(VENV)/.installed ## domains, figures and a report of one slice, under demo/ (SLICE=path for your own)
	@mkdir -p $(DEMO) && rm -rf $(DEMO)/figures
ifeq ($(SLICE),)
	@$(BIN)/spotscape simulate -o $(DEMO_INPUT) --tissue cortex --spots 3000 --genes 2000 --marker-strength 1 --seed 0
endif
	@$(BIN)/spotscape run "$(DEMO_INPUT)" -o $(DEMO)/annotated.h5ad $(if $(K),--n-domains $(K)) \
	  --report $(DEMO)/report.html --figures $(DEMO)/figures
	@echo "Open $(CURDIR)/$(DEMO)/report.html in a browser."

# ---- the tests ----------------------------------------------------------------------------------------------

.PHONY: test
test: setup-r lint types test-py test-r ## everything that has to hold (R=skip: without R)
ifeq ($(R),skip)
	@echo "make test: passed, WITHOUT THE R HALF (R=skip)"
else
	@echo "make test: passed"
endif

.PHONY: lint
lint: $(TEST_ENV) ## ruff: style, imports, banned interfaces
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: $(TEST_ENV) ## mypy
	$(BIN)/mypy

# One thread for each worker: two workers with a pool of threads each are slower than one. Numba, which UMAP brings,
# would otherwise set the number of threads of OpenMP, and with it PyTorch's, to that of the cores.
.PHONY: test-py
test-py: $(TEST_ENV) ## pytest, doctests among it
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 MPLBACKEND=Agg $(if $(filter skip,$(R)),,SPOTSCAPE_TEST_R=required) $(BIN)/pytest -n $(JOBS) --dist worksteal

.PHONY: setup-r test-r docs
ifeq ($(R),skip)
setup-r test-r:
	@echo "======== R=skip: $@ is LEFT OUT; nothing of the R half is tested ========"
else
setup-r: ## R and its packages (installs only as root with CI=true or SETUP_R=1)
	@scripts/setup-r.sh

test-r: $(VENV)/.installed setup-r ## R CMD INSTALL, testthat, R CMD check
	@scripts/test-r.sh
endif

.PHONY: check-r
check-r: $(VENV)/.installed ## lintr and pkgdown's index (not part of `make test`: two more R packages)
	@scripts/check-r.sh

.PHONY: check-bioc
check-bioc: setup-r-bioc ## what Bioconductor's reviewers run: BiocCheck, R CMD check --as-cran without Python
	@scripts/check-bioc.sh

docs: ## man/ and NAMESPACE from the roxygen comments, and the tables of what crosses between R and Python
	@"$(PYTHON)" scripts/crossing.py
	Rscript --vanilla -e 'roxygen2::roxygenise(load_code = "source")'

# ---- documentation and releases -----------------------------------------------------------------------------

.PHONY: setup-r-site setup-r-dist setup-r-bioc
ifeq ($(R),skip)
setup-r-site setup-r-dist setup-r-bioc:
else
setup-r-site setup-r-dist setup-r-bioc: setup-r-%: setup-r
	@scripts/setup-r.sh --$*
endif

.PHONY: site
site: $(VENV)/.installed-docs setup-r-site ## the documentation of both languages, under site/; tutorials are run (R=skip: without R's)
	@R=$(R) scripts/site.sh

.PHONY: dist
dist: $(VENV)/.installed-dist setup-r-dist ## wheel, sdist and R package under dist/, each installed from nothing and tried
	@R=$(R) PIP_ARGS="$(PIP_ARGS)" scripts/dist.sh

.PHONY: clean
clean: ## what builds, tests and the demo leave (.venv stays)
	rm -rf $(DEMO) build dist site docs/reference docs/_build inst/python inst/doc doc Meta *.Rcheck *.tar.gz .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find python tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
