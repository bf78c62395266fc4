# make demo    set everything up, then watch a network learn to write (FILE=my.txt for your own text)
# make test    set everything up, then run the tests
# make setup   the environment alone, in .venv        make check   format, lint, types, architecture
# make bench   Elman beside its peers; minutes        make fix     format and mend what can be mended
#              (DATA=folder of data sets, QUICK=1 for the short ones)

PYTHON ?= python3
FILE ?=
DATA ?= data
QUICK ?=

BIN := .venv/bin
INSTALLED := .venv/installed
PEERS := .venv/peers
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PAGE := src/elman/worked/render/page
# The scripts of the page need no build; Node checks their types and their format.
BIOME := npx --yes @biomejs/biome@2.6.8 format --line-width=120 --indent-style=space $(PAGE)/*.js
TSC := npx --yes --package typescript@5.9.3 tsc --project $(PAGE)/jsconfig.json
CPP := $(wildcard src/elman/kernels/*.h src/elman/kernels/*.cpp tests/kernels/unit/*.cpp)
KERNELS := CMakeLists.txt $(wildcard src/elman/kernels/*.h src/elman/kernels/*.cpp)

.PHONY: demo test setup check fix bench clean

demo: setup
	$(BIN)/elman demo --overwrite $(if $(FILE),--file "$(FILE)")

test: setup
	if [ -z "$$ELMAN_PURE_PYTHON" ]; then \
	  $(BIN)/cmake -S . -B build/tests -DELMAN_TESTS=ON --log-level=WARNING && \
	  $(BIN)/cmake --build build/tests --parallel 2 && \
	  $(BIN)/ctest --test-dir build/tests --output-on-failure; fi
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not study"

setup: $(INSTALLED)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run -Werror $(CPP)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	if command -v npx >/dev/null; then $(BIOME) && $(TSC); \
	  elif [ -n "$$CI" ]; then echo "make check: CI needs Node to check the page's scripts"; exit 1; \
	  else echo "make check: the page's scripts are not checked: install Node"; fi

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(CPP)
	if command -v npx >/dev/null; then $(BIOME) --write; fi

bench: setup $(PEERS)
	$(BIN)/python -m benchmarks --data "$(DATA)" $(if $(QUICK),--quick)

clean:
	rm -rf .venv build dist src/elman/kernels/*.so src/elman/kernels/*.dylib

# torch comes first and pinned: any range would let pip fetch gigabytes of another build.
$(INSTALLED): pyproject.toml constraints.txt $(KERNELS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: Elman needs Python 3.11 or newer; install it and run make PYTHON=/path/to/python3"; exit 1; }
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || test -n "$$ELMAN_PURE_PYTHON" || \
	  { echo "make: no C++ compiler found; install one (Debian, Ubuntu: apt install g++; macOS: xcode-select --install)," \
	         "or set ELMAN_PURE_PYTHON=1 to do without the kernels"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) torch==2.13.0
	$(PIP) --editable ".[dev]"
	$(BIN)/python -m compileall -q src/elman  # pip compiles what it copies, not what it links to
	touch $@

$(PEERS): $(INSTALLED)
	$(PIP) --editable ".[peers]"
	touch $@
