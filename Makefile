# The two commands a newcomer needs are `make run` and `make test`; both install what is missing.
.DEFAULT_GOAL := help
.PHONY: help run build test check fmt bench clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## set up, build in release, serve (ANNEAL_PORT, ANNEAL_DATA_DIR, ... see README)
	@bash scripts/run.sh

build: ## set up and build in release
	@bash scripts/run.sh --build-only

test: ## set up, then formatting, clippy, unit and integration tests, WASM budget, browser journeys
	@bash scripts/test.sh

check: ## formatting, clippy and the Rust tests only
	@cargo fmt --all --check
	@cargo clippy --quiet --workspace --all-targets --features anneal/ssr -- -D warnings
	@cargo test --quiet --workspace --features anneal/ssr

fmt: ## format the sources
	@cargo fmt --all

bench: ## measure (benches/); figures and machine are kept in docs/benchmarks.md
	@bash benches/run.sh

clean: ## delete what was built
	@cargo clean
