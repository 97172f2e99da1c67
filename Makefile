# Targets are one or two lines; the logic is in scripts/, which can be run alone.
PREFIX ?= /usr/local
DESTDIR ?=
CLIENT ?=

.PHONY: build test check header conformance bench demo install clean

build:
	@scripts/build

test:
	@scripts/test

check:
	@scripts/check

header: build
	@scripts/header

conformance: build
	@scripts/conformance $(CLIENT)

bench:
	@scripts/bench

demo: build
	@demo/run

install: build
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" scripts/install

clean:
	@cargo clean
