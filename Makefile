# One virtual environment serves every target; it is rebuilt when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One BLAS thread a process: two on a busy machine spin against each other and lose tenfold.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: demo test check slow bench simulate routes-eval clean

demo: $(STAMP)
	$(BIN)/posttrace demo

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

slow: $(STAMP)
	$(BIN)/python -m pytest -n auto -m slow

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src tests benchmarks docs
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# make simulate [FULL=1]: how often the audit errs; the whole grid takes hours
simulate: $(STAMP)
	$(BIN)/python -m benchmarks.noise --processes 2 $(if $(FULL),--full -o docs/noise_full.md,-o docs/noise_tables.md \
		--figure docs/images/noise.png)

# make routes-eval LABELS=list.csv CLONES=folder [ARGS="--errors --json found.json"]
routes-eval: $(STAMP)
	$(BIN)/python -m benchmarks.routes "$(LABELS)" "$(CLONES)" $(ARGS)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build dist
