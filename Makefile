.DEFAULT_GOAL := help
.PHONY: help run observe seed bench launcher build images test faults charts e2e-k8s e2e-operators lint vuln tidy generate

MODULES  := auth-svc catalog-svc charts e2e gateway kit migrations order-svc
PACKAGES := $(MODULES:%=./%/...)
IMAGES   ?= $(CURDIR)/bin/images
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The race detector is C, so it needs a compiler of that.
RACE      = $(if $(shell command -v "$$(go env CC)"),-race)
# The path of a pinned tool, built if need be: go tool itself does not mix with a workspace.
TOOL      = $$(GOWORK=off go -C tools tool -n $(1))

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: launcher ## Bring up the whole store on this machine; Ctrl-C stops it
	@exec bin/slippers run

observe: launcher ## Watch the running store with Prometheus and Alertmanager, and with Grafana where there is Docker
	@exec bin/slippers observe

seed: launcher ## Fill an empty database; sizes with ARGS="--slippers 100000 --orders 200000"
	@exec bin/slippers seed $(ARGS)

bench: launcher ## Measure everything beside others, and write docs/benchmarks.md (25 minutes; ARGS="--rounds 1 --only edge")
	@exec bin/slippers bench $(ARGS)

launcher: # not go run, which would keep signals from it
	@go build -o bin/slippers ./e2e/cmd/slippers

build: ## Build every program into bin/
	@mkdir -p bin
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/ ./auth-svc ./catalog-svc ./order-svc ./gateway ./migrations/cmd/migrate ./e2e/cmd/slippers ./e2e/cmd/octosim

images: ## Build the container images into bin/images, for docker load and ctr images import
	@GOWORK=off go -C tools run ./images -version $(VERSION) $(ARGS) .. $(IMAGES)

test: launcher ## Run every test that needs no cluster, against real PostgreSQL and Redis
	@$(if $(RACE),,echo "NOT CHECKED for data races: there is no C compiler (Debian: apt-get install gcc libc6-dev)")
	@exec bin/slippers with -- go test $(RACE) -shuffle=on $(ARGS) $(filter-out ./charts/...,$(PACKAGES))

faults: launcher ## Break a running store in several ways, and write into docs/alerts.md which alert told of it when (20 minutes)
	@exec bin/slippers with -- go test -tags faults -count 1 -v -timeout 60m -parallel 4 -run TestFaultsAreTold $(ARGS) ./e2e/journey/

charts: ## Render every chart and overlay, and judge them, without a cluster
	go test -vet=off $(ARGS) ./charts/... # lint vets, and that takes Helm and Kubernetes minutes

e2e-k8s: ## Install the store on the cluster of KUBECONFIG, and show that it outlives upgrades, drains and load
	go test -tags cluster -count 1 -v -timeout 60m $(ARGS) ./e2e/cluster/

e2e-operators: ## Show there what it does with CloudNativePG, Flux, External Secrets and the Prometheus operator, which must be there already
	go test -tags cluster,operators -count 1 -v -timeout 30m -run 'TestCloudNativePG|TestFlux|TestExternalSecrets|TestRequestsInFlight' $(ARGS) ./e2e/cluster/

lint: vuln ## Run go vet, golangci-lint and govulncheck over every module
	go vet $(PACKAGES)
	$(call TOOL,golangci-lint) run $(PACKAGES)
	$(call TOOL,golangci-lint) run --build-tags cluster,faults,operators ./e2e/...

vuln: ## Look for known vulnerabilities; GOVULNDB=off where their database cannot be reached
ifeq ($(GOVULNDB),off)
	@echo "NOT CHECKED for known vulnerabilities: GOVULNDB=off"
else
	vuln=$(call TOOL,govulncheck); for m in $(MODULES); do $$vuln -C $$m ./... || exit 1; done
endif

tidy: ## Tidy every module, and show that each also builds outside the workspace
	@for m in $(MODULES) tools; do (cd $$m && GOWORK=off go mod tidy && GOWORK=off go build -o /dev/null ./...) || exit 1; done

generate: ## Write again what is generated: the merged API document, the configuration table, the charts' schemas and tables
	go generate $(PACKAGES)
	GOWORK=off go -C tools run ./configdoc ..
	GOWORK=off go -C tools run ./chartdoc ../charts
