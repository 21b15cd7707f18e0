# Mirror. The two commands that matter: make demo, make test.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo run cluster chaos test bench soak lint fmt check certs package

# Tests whose full name contains it: make test FILTER=SrtListener
FILTER ?=
# Arguments for Mirror: make run ARGS="--server.https_port 9443"
ARGS ?=
export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1

help: ## List the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1 \2/p' $(MAKEFILE_LIST) | awk '{ printf "  %s %-8s", $$1, $$2; $$1 = $$2 = ""; print }'

setup: ## Install what is missing to run and test (Debian, Ubuntu)
	@eng/setup.sh run test

demo: ## Set up, build, start Mirror, push a test pattern into it and print the player's URL
	@eng/setup.sh run
	@eng/demo.sh

run: ## Build and start Mirror; ARGS="--key value" configures it
	@dotnet build Mirror.Standalone -c Release -v q -nologo -p:RunAnalyzers=false
	@exec Mirror.Standalone/bin/Release/net10.0/Mirror.Standalone $(ARGS)

test: setup ## Set up, build and run all tests; FILTER=NAME runs some
	@eng/test.sh $(FILTER)

bench: ## Measure ingest, latency and delivery beside their references; ARGS="ingest --only 10x50", ARGS=--brief
	@eng/setup.sh run test bench
	@dotnet run -c Release --property:RunAnalyzers=false --project tests/Mirror.Benchmarks -- $(ARGS)

soak: ## Run the long tests at full length, then check that memory stays flat for over an hour; ARGS="--starts 50 --minutes 5"
	@eng/setup.sh run test
	@MIRROR_TEST_FULL=true eng/test.sh
	@dotnet run -c Release --property:RunAnalyzers=false --project tests/Mirror.Benchmarks -- soak $(ARGS)

lint: ## Build with analyzers; check format, scripts and web pages
	@eng/lint.sh

fmt: ## Format the code
	@dotnet format Mirror.sln -v q

check: lint test ## lint and test

package: ## Build the player as an npm package, artifacts/mirror-player-VERSION.tgz
	@eng/setup.sh run
	@[ -d Mirror.Origin/web/node_modules ] || npm --prefix Mirror.Origin/web ci --no-audit --no-fund --loglevel=error
	@npm --prefix Mirror.Origin/web run --silent package
	@cd artifacts && npm pack --silent ./mirror-player

certs: ## Make the development certificate if needed, and print its fingerprints
	@dotnet build Mirror.Standalone -c Release -v q -nologo -p:RunAnalyzers=false
	@Mirror.Standalone/bin/Release/net10.0/Mirror.Standalone --print-certificate

cluster: ## Start Redis, Azurite and two nodes of each kind as processes, and push test streams; ARGS="--help"
	@eng/setup.sh run test
	@dotnet build Mirror.LocalCluster -c Release -v q -nologo -p:RunAnalyzers=false
	@exec Mirror.LocalCluster/bin/Release/net10.0/Mirror.LocalCluster $(ARGS)

chaos: ## Break a local cluster for five minutes while viewers check; ARGS="--minutes 5 --seed 7"
	@eng/setup.sh run test
	@dotnet build Mirror.LocalCluster -c Release -v q -nologo -p:RunAnalyzers=false
	@exec Mirror.LocalCluster/bin/Release/net10.0/Mirror.LocalCluster chaos --streams 3 $(ARGS)
