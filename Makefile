# The words of this project. Each installs what it needs first (.ci/setup), and does nothing twice.
SHELL := bash
export BASH_ENV := $(CURDIR)/.ci/env
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.PHONY: help run test dev check fmt api e2e bench docs release setup-build setup-test

# One selection of crates for every native command, so that they share what they build. `frontend` is for the browser: built
# along, it would switch the server's pages to what only a browser can do.
native := --workspace --exclude frontend
# The browser's half, from the same profile that builds it for release: again to share.
browser := --package frontend --target wasm32-unknown-unknown --profile wasm-release
# The program as the tests build it, with one of its tests: `cargo build` would choose other features of what it builds on, and so
# build most of it a second time.
program := cargo test $(native) --no-run --test server

help:
	@echo "make run      build, start on SQLite in ./data, and print the address"
	@echo "make test     everything that must be true: check, docs, tests on both databases, end to end"
	@echo "make dev      build, start, and again after each change"
	@echo "make check    format, lints, dependencies"
	@echo "make fmt      format"
	@echo "make api      the REST API, fuzzed by its own description"
	@echo "make e2e      the end-to-end tests alone"
	@echo "make bench    ratios to a floor measured in the same run"
	@echo "make docs     the documentation of the code, in target/doc"
	@echo "make release  one self-contained binary: dist/pharos"

run: setup-build target/site/.built
	cargo build --release $(native) --bin pharos
	exec "$$CARGO_TARGET_DIR/release/pharos" serve

# The site before the tests: their program, which `api` and `e2e` start, reads it from where it was when it was compiled.
test: check docs target/site/.built
	cargo test $(native)
	$(MAKE) --no-print-directory api
	$(MAKE) --no-print-directory e2e

dev: setup-build
	cargo leptos watch

check: setup-test
	cargo fmt --all --check
	cargo clippy $(native) --all-targets -- -D warnings
	cargo clippy $(browser) -- -D warnings
	.ci/dependencies

fmt:
	cargo fmt --all

api: setup-test target/site/.built
	$(program)
	.ci/api "$$CARGO_TARGET_DIR/debug/pharos"

# Playwright starts the binary itself. It reads the site from its folder, as every build without --release does.
e2e: setup-test target/site/.built
	$(program)
	cd end2end && PHAROS="$$CARGO_TARGET_DIR/debug/pharos" npx --no-install playwright test

bench: setup-build target/site/.built
	cargo bench $(native) --bench '*'

docs: setup-test
	RUSTDOCFLAGS="-D warnings" cargo doc $(native) --no-deps

release: setup-build target/site/.built
	cargo build --release $(native) --bin pharos
	install -D "$$CARGO_TARGET_DIR/release/pharos" dist/pharos
	@ls -l dist/pharos

setup-build:
	@.ci/setup build

setup-test:
	@.ci/setup test

# What the browser gets: wasm, JavaScript, styles and public/, each also compressed. The server's release build embeds
# this folder, so it is built before. cargo-leptos empties the folder first: after `make dev` the mark is gone, too.
target/site/.built: Cargo.toml Cargo.lock .cargo/config.toml $(shell find app frontend server/domain style public -type f)
	cargo leptos build --release --precompress --frontend-only
	touch $@
