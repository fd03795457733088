# `make demo` and `make test` make the virtual environment first, and are fast the second time; `make quick` is for each save.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file's tests go to one worker: its fixtures, some of which train for half a minute, are made once.
PYTEST := $(BIN)/python -m pytest --quiet --numprocesses auto --dist loadfile --no-loadscope-reorder
PIP := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet

# What the installed package is built from; its Python files are used where they lie.
BUILT_FROM := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)

NATIVE := $(wildcard native/*.?pp native/*.inl native/*.h tests/native/*.?pp tests/native/*.c examples/*.c examples/*/*.c src/gruvy/export/c/*.c benchmarks/native/*.cpp src/gruvy/bench/peers/*.cpp)

.PHONY: demo demos quick test isa-test native-test format clean

demo: $(VENV)/train.stamp
	@echo "==> gruvy demo weather: three cells and four baselines on a year of New York's weather, 2 to 4 minutes"
	@$(BIN)/gruvy demo weather

test: $(VENV)/dev.stamp
	@echo "==> Checking form: ruff, mypy, clang-format"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/clang-format --dry-run --Werror $(NATIVE)
	@echo "==> Running the tests"
	@$(PYTEST)

# The core of every room.
quick: $(VENV)/dev.stamp
	@$(BIN)/ruff check --quiet .
	@$(PYTEST) @tests/quick.txt

# The promises to the bit again, as on a machine without AVX-512 and on one with SSE2 alone: the engine, PyTorch's kernels,
# MKL, OpenBLAS and oneDNN are held to the smaller instruction set. TESTS=tests runs all of them.
TESTS = $(addprefix tests/, test_engine.py test_streaming.py test_runtime.py tasks/test_forecaster.py tasks/test_loading.py tasks/test_classifier_folds.py)
PICK = $(if $(filter-out tests,$(TESTS)),-k "save or load or same or bit or resume or stream or alone or repeat or told")
AVX2 = MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell ATEN_CPU_CAPABILITY=avx2

isa-test: $(VENV)/dev.stamp
	@for isa in avx2 baseline; do \
		echo "==> Tests with GRUVY_ISA=$$isa and libraries held to AVX2"; \
		env $(AVX2) GRUVY_ISA=$$isa $(PYTEST) $(TESTS) $(PICK) || exit 1; \
	done

demos: $(VENV)/dev.stamp
	@echo "==> gruvy demo all --quick: twelve demos, each of which has to learn"
	@$(BIN)/gruvy demo all --quick

# The engine without Python, for each instruction set there is: plain, under the sanitizers, and for ARM where its compiler
# is installed. Needs CMake 3.25, Ninja and Clang.
native-test:
	@mkdir -p build
	@for preset in native asan tsan $(if $(shell command -v aarch64-linux-gnu-g++),neon); do \
		echo "==> Native tests: $$preset"; cmake --workflow --preset $$preset >build/$$preset.log 2>&1 || { tail -n 60 build/$$preset.log; exit 1; }; \
	done
	@if [ -x $(BIN)/python ] && $(BIN)/python -c 'import torch, hypothesis, nanobind' 2>/dev/null; then \
		echo "==> Native tests: parameters of layers, with the Python module under AddressSanitizer"; \
		sh tests/native/python_asan.sh $(CURDIR)/$(BIN)/python 100 >build/asan-python.log 2>&1 || { tail -n 60 build/asan-python.log; exit 1; }; \
	fi

format: $(VENV)/dev.stamp
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/clang-format -i $(NATIVE)

$(VENV)/bin/python:
	@echo "==> Creating the virtual environment $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gruvy needs Python 3.11 or newer; this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/train.stamp: $(BUILT_FROM) | $(VENV)/bin/python
	@echo "==> Installing gruvy and what training needs (the first time, a few minutes)"
	@$(PIP) --editable '.[train]'
	@touch $@

$(VENV)/dev.stamp: $(BUILT_FROM) | $(VENV)/bin/python
	@echo "==> Installing gruvy and what its tests need (the first time, a few minutes)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/train.stamp

clean:
	@rm -rf $(VENV) build
