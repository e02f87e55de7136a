# Two commands: `make demo` runs the three-bureau demonstration on this
# computer, `make test` runs the tests. Both set up what they need in .venv.

VENV    := .venv
BIN     := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(shell find native -name '*.[ch]' -o -name 'build_ffi.py' 2>/dev/null)

# The newest suitable interpreter wins; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)

# What `make test` installs besides; EXTRAS=dev,tpm adds the live TPM's tests,
# where libtss2-dev is installed.
EXTRAS ?= dev

.PHONY: demo test check lint bench clean help

help:
	@echo "make demo   three bureaus share on this computer"
	@echo "make test   set up and run all tests"
	@echo "make check  tests of the C core (vectors, laws, sanitizers, constant time)"
	@echo "make lint   ruff and mypy"
	@echo "make bench  measure, beside plain SQLite, fsync and other Paillier libraries"
	@echo "make clean  remove what these made"

demo: $(VENV)/.ready
	$(BIN)/privshare demo $(DEMO)

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest $(TEST)

check: $(VENV)/.ready
	$(MAKE) -C native check sanitize ctime

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready-dev
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/rest.py
	$(BIN)/python bench/peers/environments.py
	$(BIN)/python bench/paillier.py
	$(BIN)/python bench/column.py
	$(BIN)/python bench/sigma.py
	$(BIN)/python bench/range_proof.py
	$(BIN)/python bench/proofs.py
	$(BIN)/python bench/proof.py
	$(BIN)/python bench/wasm.py
	$(BIN)/python bench/evidence.py

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "PrivShare needs Python 3.11 or newer; none was found on PATH."; exit 1; }
	@command -v cc >/dev/null || { echo "PrivShare needs a C compiler (cc); none was found on PATH. On Debian: apt-get install gcc libc6-dev"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))' || { echo "Python.h is missing, so the C core cannot be built. On Debian: apt-get install python3-dev"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.ready-dev: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.ready

clean:
	rm -rf $(VENV) build dist *.egg-info privshare-demo
	-$(MAKE) -C native clean
