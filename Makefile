# liveroom: `make run` to see it, `make test` to check it.
SHELL := /bin/bash
GO    ?= go
BIN   := bin/liveroom
TOOL  := $(GO) tool -modfile=.ci/tools.mod
PAGES := web/ui/dist/index.html
SDK   := web/sdk/dist/liveroom.js
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help run build pages test test-pages test-browser check-long lint fmt clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## build pages and binary, serve a demo room
	./$(BIN) serve --demo

build: pages ## build pages and binary into bin/
	@.ci/need go
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/liveroom

pages: $(PAGES) ## build the SDK and the pages (needs Node 20 and npm)

$(SDK): $(shell find web/sdk -type f -not -path '*/node_modules/*' -not -path '*/dist/*')
	@.ci/need node npm
	cd web/sdk && npm ci --no-audit --no-fund --loglevel=error && npm run build
	@touch $@

$(PAGES): $(SDK) $(shell find web/ui -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.go')
	@.ci/need node npm
	cd web/ui && npm ci --no-audit --no-fund --loglevel=error && npm run build
	@touch $@

test: ## every test, installing what it needs; what CI runs
	@.ci/test

check-long: ## the same tests at full length (by hand, before an issue is closed)
	@LIVEROOM_SCALE=$${LIVEROOM_SCALE:-10} .ci/test long

lint: ## vet, gofumpt, staticcheck, tidy
	@.ci/lint

fmt: ## format the Go code
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

clean: ## remove what was built
	rm -rf bin web/ui/node_modules web/sdk/node_modules web/sdk/dist .cache
	find web/ui/dist -mindepth 1 -not -name stub.html -delete
