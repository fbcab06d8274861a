# The contributor's guide: `make help` lists every target. The work is done by the scripts in scripts/.

.DEFAULT_GOAL := help
.PHONY: help setup build install run test test-examples demo screenshots wheel lint fmt bench bench-quick bench-before \
	docker docker-run docker-base test-docker test-matrix docker-clean clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing to build, run and test (Debian and Ubuntu; elsewhere: say what is missing)
	@scripts/setup.sh

build: ## Build the release module, target/release/libredis_presence.so
	@scripts/setup.sh build
	@scripts/cargo.sh build --release

install: ## Build the module and put it into /usr/lib/redis/modules, by sudo where need be; PREFIX and DESTDIR as usual
	@scripts/setup.sh build
	@scripts/cargo.sh build --release
	@scripts/install.sh

run: ## Build and start a server with the module on port 6379 or the next free one; data stays in data/; Ctrl-C stops it
	@scripts/setup.sh run
	@scripts/cargo.sh build --release
	@scripts/run.sh

test: lint ## Run the linters and every test; ARGS=name runs the tests with that name only
	@scripts/setup.sh
	@scripts/test.sh $(ARGS)

test-examples: ## Run the tests of the Python package and the examples; ARGS="flask_api -k name" chooses
	@scripts/setup.sh examples
	@scripts/cargo.sh build --release
	@scripts/venv.sh
	@scripts/test-examples.sh $(ARGS)

demo: ## Start a server, simulated visitors and the dashboard, on PORT (8080) or the next free one; Ctrl-C ends it all
	@scripts/setup.sh demo
	@scripts/cargo.sh build --release
	@scripts/venv.sh
	@scripts/python.sh examples/dashboard/demo.py

screenshots: ## Take the pictures of the dashboard in docs/img
	@scripts/setup.sh screenshots
	@scripts/cargo.sh build --release
	@scripts/venv.sh
	@scripts/python.sh examples/dashboard/screenshots.py

wheel: ## Build the wheel of the Python package in target/wheel
	@scripts/setup.sh python
	@scripts/venv.sh

lint: ## Check formats, clippy, rustdoc, the types of the Python sources, and the shell scripts
	@scripts/setup.sh rust
	@scripts/setup.sh python
	@scripts/venv.sh
	@scripts/lint.sh

fmt: ## Format the Rust and the Python sources
	@scripts/setup.sh rust
	@scripts/setup.sh python
	@scripts/venv.sh
	@scripts/cargo.sh fmt
	@scripts/python.sh -m ruff format --quiet --exclude '*.md' clients examples

bench: ## Run the benchmarks, the core alone and a server beside the idioms; docs/benchmarks.md gets the results
	@scripts/setup.sh run
	@scripts/cargo.sh bench --bench core
	@scripts/bench.sh $(ONLY)

bench-quick: ## Run the server's benchmark with small sizes; ONLY="touch stalls" runs these sections only
	@scripts/setup.sh run
	@QUICK=1 scripts/bench.sh $(ONLY)

bench-before: ## Compare with an older build of the module: BEFORE=path/to/libredis_presence.so
	@scripts/setup.sh run
	@PRESENCE_BEFORE=$(BEFORE) scripts/bench.sh before

docker: ## Build the image redis-presence, on the newest official redis image; BASE=image chooses another server
	@scripts/docker-build.sh

docker-run: docker ## Build the image and start a server of it with docker compose, on PORT (6379); Ctrl-C stops it
	@scripts/docker-run.sh

docker-base: ## Make the base images of docker/servers from Debian's packages; ARGS=redis-8.0 makes that one only
	@scripts/docker-base.sh $(ARGS)

test-docker: ## Run the integration tests with each server in a container of the image; ARGS and BASE as above
	@scripts/test-docker.sh $(ARGS)

test-matrix: ## Run them on every server of docker/servers; docs/compatibility.md gets the results
	@scripts/test-matrix.sh $(ARGS)

docker-clean: ## Remove every image, container and volume that these have made
	@scripts/docker-clean.sh

clean: ## Remove all that was built; data/ stays
	@rm -rf target
