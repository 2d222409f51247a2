# The two commands to know are `make demo` and `make test`. Everything is a script in scripts/; this names them.
.DEFAULT_GOAL := help
.PHONY: help demo build test test-all bench bench-full install-gimp install-krita lint format clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## builds, then paints a photograph: CONTENT= STYLE= ITERATIONS= PRESET= MODEL= SIZE= OUT= may be given
	@scripts/install.sh build
	@scripts/build.sh release impastod impasto
	@scripts/demo.sh

build: ## builds the programs and the tests into build/release
	@scripts/install.sh build test
	@scripts/build.sh release

test: build ## builds, then runs the unit and integration tests
	@ctest --preset release

test-all: test ## also the long runs, all of GIMP 2.10 and 3.0 and Krita, the other versions of Python, and the tests under the address and thread sanitizers
	@scripts/install.sh test-all
	@scripts/test_all.sh

bench: ## the benchmarks, a quarter of an hour, into out/bench/: WEIGHTS= CONTENT= STYLE= (all three) for losses and the race, ONLY= parts
	@scripts/install.sh build bench $(if $(filter windows,$(ONLY)),test)
	@scripts/build.sh release impasto_bench impastod impasto $(if $(filter windows,$(ONLY)),impasto_gimp impasto_gimp_test_pixels)
	@scripts/bench.sh

bench-full: ## also the rivals at the largest size
	@scripts/install.sh build bench
	@scripts/build.sh release impasto_bench impastod impasto
	@scripts/bench.sh --full

install-gimp: ## builds the GIMP plug-in, and puts it into your own GIMP folder
	@scripts/install.sh gimp
	@scripts/install_gimp.sh

install-krita: ## puts the Krita plug-in together, and into your own Krita folder
	@scripts/install.sh krita
	@scripts/install_krita.sh

lint: ## the API with buf, C++ with clang-format, clang-tidy and clang's thread safety, scripts with shellcheck
	@scripts/install.sh build test lint
	@scripts/lint.sh

format: ## lays the C++ files out
	@scripts/lint.sh --format

clean: ## removes build/ and out/, but not what was downloaded (.deps/)
	@rm -rf build out
