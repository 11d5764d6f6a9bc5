# Everything a person or a build machine runs. `make demo` and `make test` need only Python 3.11 or newer, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced

# Where it is set, as in many containers, each of the hundreds of processes that the tests start would compile the
# program and its libraries anew: more than half of the tests' time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo check test browser snapshots pictures bench bench-ui chaos fuzz kills drops clean

help:
	@echo "make demo       install, then explore the program against an embedded Telegram"
	@echo "make check      lint, types, layers"
	@echo "make test       the whole test suite"
	@echo "make browser    install Debian's chromium, for the tests that open HTML pages, where it is missing"
	@echo "make snapshots  accept the screens as they look now"
	@echo "make pictures   accept the HTML pages as they look now, with the fonts of this machine"
	@echo "make bench      how fast, beside others: MESSAGES=200000, ROUNDS=1, ROWS=throughput,memory"
	@echo "make bench-ui   how fast the screens are, beside other programs for terminals: ROUNDS=5, ROWS=start,help"
	@echo "make drops      drop SSH lines under the dashboard in three ways: RUNS=20"
	@echo "make kills      kill downloads of 500 MB at random moments: RUNS=50, SEED=1"
	@echo "make fuzz       throw broken bytes at the decoders: RUNS=100000, SEED=1, TARGETS=frames,pages"
	@echo "make chaos      kill and cut exports of 100,000 messages so many times: RUNS=500, SEED=1"

install: $(STAMP)

# The lock file decides every version. Without uv on the PATH, one is put into the virtual environment first.
$(STAMP): pyproject.toml uv.lock
	@set -e; \
	if command -v uv >/dev/null 2>&1; then UV=uv; [ -x $(BIN)/python ] || uv venv --quiet --seed $(VENV); \
	else [ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV); \
	     $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"; UV=$(BIN)/uv; fi; \
	UV_PROJECT_ENVIRONMENT=$(VENV) $$UV sync --quiet --locked --inexact
	@touch $@

demo: install
	@$(BIN)/tobs --demo

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What is compiled once, on all cores, need not be compiled by each of the processes that run tests.
test: install
	@$(BIN)/python -m compileall -q -j 0 tobs_tui $(wildcard $(addprefix $(VENV)/lib/python3*/site-packages/,telethon textual))
	$(BIN)/pytest -n 3 --dist worksteal

# Without apt-get, or the right to use it, the machine is left as it is; the tests say then what is missing.
browser:
	@command -v chromium >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1 || \
	  { SUDO=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
	    $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq --no-install-recommends chromium; } || true

snapshots: install
	$(BIN)/pytest tests/e2e/test_snapshots.py --snapshot-update

pictures: install
	rm -rf build/demo-vault
	$(BIN)/tobs --demo --headless --all-chats --format html --output build/demo-vault
	$(BIN)/python -m tests.pictures build/demo-vault

# One million messages take some minutes; the status is 1 when a figure misses its goal.
bench: install
	@$(BIN)/python -m tests.benchmarks $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(ROWS),--rows $(ROWS))

bench-ui: install
	@$(BIN)/python -m tests.benchmarks.ui $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ROWS),--rows $(ROWS))

# Each run is an export of the demo world over a line of its own; needs tmux.
drops: install
	@$(BIN)/python -m tests.faults.line_drops --runs $(or $(RUNS),20)

# So many kills, of the service, its processes and its command, over exports of 100,000 messages with media; and a server
# that is gone for two minutes. 500 kills take a quarter of an hour.
chaos: install
	@$(BIN)/python -m tests.faults.chaos --kills $(or $(RUNS),60) --seed $(or $(SEED),1) --gone-s 120

# The five targets take half an hour, one after the other; the status is 1 when something was found.
fuzz: install
	@$(BIN)/python -m tests.fuzz --runs $(or $(RUNS),100000) --seed $(or $(SEED),1) $(if $(TARGETS),--targets $(TARGETS))

kills: install
	@$(BIN)/python -m tests.benchmarks.media_kills --runs $(or $(RUNS),50) --seed $(or $(SEED),1)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
