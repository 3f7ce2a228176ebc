.DEFAULT_GOAL := help
.PHONY: help run seed build test lint tidy generate

MODULES  := auth-svc catalog-svc e2e gateway kit migrations order-svc
PACKAGES := $(MODULES:%=./%/...)
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOL     := go tool -modfile=tools/go.mod

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## Bring up the whole store on this machine; Ctrl-C stops it
	@go run ./e2e/cmd/slippers run

seed: ## Fill an empty database; sizes with ARGS="--slippers 100000 --orders 200000"
	@go run ./e2e/cmd/slippers seed $(ARGS)

build: ## Build every program into bin/
	@mkdir -p bin
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/ ./auth-svc ./catalog-svc ./order-svc ./gateway ./migrations/cmd/migrate ./e2e/cmd/slippers

test: ## Run every test that needs no cluster, against real PostgreSQL and Redis
	@go run ./e2e/cmd/slippers with -- go test -race -shuffle=on $(ARGS) $(PACKAGES)

lint: ## Run go vet, golangci-lint and govulncheck over every module
	go vet $(PACKAGES)
	$(TOOL) golangci-lint run $(PACKAGES)
	$(TOOL) govulncheck $(PACKAGES)

tidy: ## Tidy every module, and show that each also builds outside the workspace
	@for m in $(MODULES) tools; do (cd $$m && GOWORK=off go mod tidy && GOWORK=off go build ./...) || exit 1; done

generate: ## Write again what is generated: the merged API document, the configuration table
	go generate $(PACKAGES)
	GOWORK=off go -C tools run ./configdoc ..
