#!/usr/bin/env bash
# Checks what the build does not: format, scripts, and the types of the web pages.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
status=0

dotnet format Mirror.sln --verify-no-changes -v q || status=1
for script in eng/*.sh .ci/run; do bash -n "$script" || status=1; done
if command -v shellcheck >/dev/null; then shellcheck eng/*.sh .ci/run || status=1; fi
if [ -d Mirror.Origin/web/node_modules ]; then npm --prefix Mirror.Origin/web run --silent lint || status=1; fi

[ $status -eq 0 ] && echo "lint: nothing to change"
exit $status
