# make run, make test, make bench, make lint: each does all its set-up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := setup.cfg setup.py pyproject.toml
# Tests wait for servers about half of their time, so that two cores are kept busy by four processes.
TESTS := $(BIN)/python -m pytest -n 4 --dist loadfile

# Each server and command of the tests is an interpreter of its own, which need not compile all anew.
unexport PYTHONDONTWRITEBYTECODE

LINT_LOG := $(VENV)/lint.log

.PHONY: run test test-long bench lint clean

run: $(VENV)/installed
	@test -f example.db || $(BIN)/alertrpc load examples/alerts.jsonl --database sqlite:///example.db
	@exec $(BIN)/alertrpc serve --config examples/alertrpc.toml

# The lint runs beside the tests; what it says is shown after them.
test: $(VENV)/installed-test
	@$(MAKE) --no-print-directory lint >$(LINT_LOG) 2>&1 & lint=$$!; \
	$(TESTS) $(PYTEST_FLAGS); tested=$$?; \
	wait $$lint; linted=$$?; \
	cat $(LINT_LOG); \
	exit $$((tested ? tested : linted))

# What takes longer: thousands of examples, hundreds of kills.
test-long: $(VENV)/installed-test
	$(TESTS) -m "long or hypothesis" --hypothesis-profile long --timeout 3600 $(PYTEST_FLAGS)

lint: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/installed-test
	$(BIN)/python -m benchmarks $(BENCH_FLAGS)

$(VENV)/installed: $(SOURCES)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo 'This makes $(VENV) and installs what alertrpc needs there; it takes about a minute.'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) example.db example.db-* work build dist *.egg-info
