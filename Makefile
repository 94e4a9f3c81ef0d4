# make help lists the targets. make check is the gate that every commit passes.

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
# Paths of this machine are left out of what is compiled, so that a second clone takes what the first has compiled.
export GOFLAGS ?= -mod=readonly -trimpath
FUZZTIME ?= 2000x

# The race detector watches everything but SQLite, which is C translated to Go, and the arithmetic of passwords: nothing of
# ours is in them, and watching them makes the suite take four times as long. docs/decisions/0085-what-the-race-detector-watches.md has the figures.
RACE    := -race -gcflags=modernc.org/...=-race=false -gcflags=golang.org/x/crypto/...=-race=false

# Where tests write: in memory if there is plenty. docs/decisions/0190-processes-of-tests-are-not-watched.md tells why.
MEMORY   = $(shell sh .ci/memory)

# Tests that a machine may not be able to run, in CI too: a second address of the loopback, pseudo terminals.
MAY_SKIP := TestNameThatResolvesDifferentlyEachTime,TestTryHidesSecretsThatAreTyped,TestRevokeAsksOnATerminal

.PHONY: help build release check test unit quick soak lint generate generated fuzz bench tuning screenshots install-deps clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

build: ## build the one binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/grantkeep ./cmd/grantkeep

# What a release names as its source; -buildvcs=false, since a tree without its history must make the same bytes.
COMMIT  ?= $(shell git rev-parse --verify HEAD 2>/dev/null)

release: ## build the binaries as they are shipped, with their checksums: make release VERSION=1.2.3; .ci/release makes the rest
	mkdir -p bin/release
	for on in $(or $(RELEASE),linux-amd64 linux-arm64 darwin-amd64 darwin-arm64); do CGO_ENABLED=0 GOOS=$${on%-*} GOARCH=$${on#*-} $(GO) build -trimpath -buildvcs=false \
		-tags timetzdata -ldflags "-s -w -buildid= -X main.version=$(or $(VERSION),development) -X main.commit=$(COMMIT)" -o bin/release/grantkeep-$$on ./cmd/grantkeep || exit 1; done
	cd bin/release && sha256sum grantkeep-* > SHA256SUMS

test: install-deps ## install what the tests need on a bare Debian, then run everything that check runs
	$(MAKE) check

PARTS   := lint unit generated fuzz

check: ## the gate: format, vet, linters, tests with the race detector, generated files, short fuzzing; and the time of each
	@MAKE="$(MAKE)" sh .ci/parts $(PARTS)

unit: ## all tests, with the race detector; then what was skipped and why, and where the time went; lint has vetted them
	TMPDIR=$(MEMORY) $(GO) run ./e2e/summary -may-skip $(MAY_SKIP) $(GO) test -json -vet=off $(RACE) -timeout 45m ./...

quick: ## the quickest loop: build, vet, tests without the race detector, PostgreSQL, a browser and real processes
	$(GO) build ./...
	$(GO) vet ./...
	TMPDIR=$(MEMORY) $(GO) test -short -cpu 1 -vet=off -timeout 10m ./...

soak: ## the long forms of tests that have a short one in make test, watched by the race detector as a whole
	GRANTKEEP_SOAK=1 $(GO) test -race -timeout 3h ./store/... ./keeper
	GRANTKEEP_SOAK=1 $(GO) test -race -timeout 3h ./e2e
	GRANTKEEP_SOAK=1 $(GO) test -timeout 1h -run 'TestReleaseIsTheSameBytesAgain$$' .
	GRANTKEEP_SOAK=1 $(GO) test -v -timeout 0 ./promise
	$(MAKE) fuzz FUZZTIME=1m

lint: ## format and the linters, vet among them, each with its reason in .golangci.yaml
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt -w needed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(TOOL) golangci-lint run ./...

generate: ## make the generated files again
	$(TOOL) templ generate -log-level error
	$(GO) run ./docs/generate
	@mkdir -p bin deploy/man
	$(GO) build -o bin/grantkeep ./cmd/grantkeep
	bin/grantkeep manual >deploy/man/grantkeep.1
	bin/grantkeep completion bash >deploy/man/grantkeep.bash
	bin/grantkeep completion zsh >deploy/man/_grantkeep
	bin/grantkeep completion fish >deploy/man/grantkeep.fish

generated: generate ## the generated files are what their sources make of them
	@git diff --exit-code --stat -- '*_templ.go' '*.md' deploy/man || { echo "generated files differ: commit what make generate made"; exit 1; }

fuzz: ## each fuzz target for FUZZTIME (2000x: that many inputs); make fuzz FUZZTIME=10m for longer
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" sh .ci/fuzz

bench: ## the built binary with its defaults beside bare floors, in one run: make bench BENCH='-databases sqlite -grants 5000'
	$(GO) run ./bench/run $(BENCH)

tuning: ## the parts alone, in one process, for those who tune them
	$(GO) test -run '^$$' -bench . -benchtime 2s ./keeper ./api ./vault ./e2e

screenshots: ## every page of the console as PNG under screenshots/, in three languages, two widths, two themes, looked at by axe-core; the README's pictures
	@mkdir -p screenshots/axe && cd screenshots/axe && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-4.14.1.tgz
	GRANTKEEP_PICTURES=$(CURDIR)/docs/pictures $(GO) test -tags screenshots -count=1 -timeout 60m -run 'TestPictures$$' ./e2e
	GRANTKEEP_AXE=$(CURDIR)/screenshots/axe/package/axe.min.js GRANTKEEP_SCREENSHOTS=$(CURDIR)/screenshots $(GO) test -tags screenshots -count=1 -timeout 120m -run 'TestScreenshots$$' ./e2e

install-deps: ## what tests need beside Go, on Debian: PostgreSQL and Chromium
	@sh .ci/install

clean:
	rm -rf bin
