#!/usr/bin/env bash
# Checks with the analyzers, which make test leaves out, and then format, scripts and the types of the web pages.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
status=0
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# What an earlier build compiled without analyzers is up to date: CI lints first, on a clean checkout; elsewhere all is compiled again.
again=(--no-incremental)
[ "${CI:-}" != true ] || again=()
dotnet build Mirror.sln -c Release -v q -nologo "${again[@]}" || status=1
printf 'lint: analyzers took %d s\n' "$SECONDS"
dotnet format whitespace Mirror.sln --no-restore --verify-no-changes -v q || status=1
for script in eng/*.sh .ci/run; do bash -n "$script" || status=1; done
if command -v shellcheck >/dev/null; then shellcheck eng/*.sh .ci/run || status=1; fi
if [ -d Mirror.Origin/web/node_modules ]; then npm --prefix Mirror.Origin/web run --silent lint || status=1; fi

[ $status -eq 0 ] && printf 'lint: nothing to change (%d s)\n' "$SECONDS"
exit $status
