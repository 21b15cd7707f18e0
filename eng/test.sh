#!/usr/bin/env bash
# Builds everything once and runs all tests, or those whose full name contains FILTER.
# Usage: eng/test.sh [FILTER]     CONFIGURATION=Debug for a debug build
# Whole output goes to artifacts/test/; failures are shown here, and the last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

filter=${1:-}
configuration=${CONFIGURATION:-Release}
most_again=2             # failed tests of a whole Mirror that are run once more: more of them are no accident
longest_run=20m          # a hung test project is ended and counts as a failure
results=artifacts/test
passed=0
failed=0

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
rm -rf "$results"
mkdir -p "$results"

if ! dotnet build Mirror.sln -c "$configuration" -v q -nologo >"$results/build.log" 2>&1; then
    grep -E 'error' "$results/build.log" | sort -u | head -n 40
    echo "the build failed; its output is in $results/build.log"
    echo "0 passed, 1 failed"
    exit 1
fi

# Prints each failed test of run $1 with its message and stack, as the runner wrote it, and keeps name and message for the end.
show_failures() {
    local log="$results/$1.log"
    awk '/^    [^ ]/ { failing = /\[FAIL\]/ } /^ ? ?[^ ]/ { failing = 0 } failing' "$log"
    awk -v run="$1" '/^    [^ ]/ { failing = /\[FAIL\]/; lines = 0; if (failing) print run ": " $1 } /^ ? ?[^ ]/ { failing = 0 }
        failing && /^      / && !/^      (Stack Trace|Output):/ && lines++ < 4 { print } /^      (Stack Trace|Output):/ { failing = 0 }' "$log" >>"$results/failures.txt"
}

# The total named $2 in the summary line of log $1.
total() {
    grep -E '^ +Mirror\..* Total: ' "$1" | tail -n 1 | grep -oE "$2: [0-9]+" | grep -oE '[0-9]+$' || true
}

# Runs what failed in run $2 of project $1 once more, alone, and succeeds if all of it passes. Both results are shown: a whole Mirror with
# its encoders and viewers runs in real time, where a machine of two cores that stands still for a moment fails a test.
run_again() {
    local log="$results/$2-again.log" methods method words=()
    methods=$(sed -nE 's/^    (Mirror\.[A-Za-z0-9_.]+).*\[FAIL\]$/\1/p' "$results/$2.log" | sort -u)
    [ -n "$methods" ] || return 1
    for method in $methods; do words+=(-method "$method"); done
    timeout --kill-after=10s "$longest_run" "tests/$1/bin/$configuration/net10.0/$1" -noLogo -noColor "${words[@]}" >"$log" 2>&1 </dev/null || return 1
    [ "$(total "$log" Skipped)" = 0 ] || return 1
    for method in $methods; do echo "$2: $method" >>"$results/again.txt"; done
}

# Runs the tests of project $1; $2 names the run, further words choose among the tests.
run_project() {
    local name=$1 run=$2 log="$results/$2.log" status count bad started=$SECONDS
    local arguments=(-noLogo -noColor -trx "$results/$run.trx" "${@:3}")
    [ -z "$filter" ] || arguments+=(-method "*$filter*")
    timeout --kill-after=10s "$longest_run" "tests/$name/bin/$configuration/net10.0/$name" "${arguments[@]}" >"$log" 2>&1 </dev/null
    status=$?
    count=$(total "$log" Total)
    if [ -z "$count" ]; then
        # No summary: the process died or was ended.
        echo "$run ended with status $status before its tests did:"
        tail -n 30 "$log"
        failed=$((failed + 1))
        return
    fi
    # A skipped test shows nothing, so it counts as failed.
    bad=0
    for kind in Errors Failed Skipped; do
        kind=$(total "$log" "$kind")
        bad=$((bad + ${kind:-0}))   # the summary of an empty project has the total alone
    done
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || [ "$count" -eq 0 ] || bad=1
    [ "$bad" -eq 0 ] || show_failures "$run"
    if [ "$name" = Mirror.EndToEnd ] && [ -z "$filter" ] && [ "$bad" -gt 0 ] && [ "$bad" -le "$most_again" ] && [ "$(total "$log" Failed)" = "$bad" ] && run_again "$name" "$run"; then
        bad=0
        sed -i "/^$run: /,\$d" "$results/failures.txt"
    fi
    passed=$((passed + count - bad))
    failed=$((failed + bad))
    [ "$count" -eq 0 ] || printf '%-32s %5d passed %3d failed  %3d s\n' "$run" $((count - bad)) "$bad" $((SECONDS - started))
}

# The web pages have unit tests of their own, which Node.js runs.
run_web() {
    local log="$results/web.log" good bad started=$SECONDS
    npm --prefix Mirror.Origin/web test --silent >"$log" 2>&1 </dev/null
    good=$(sed -nE 's/^# pass ([0-9]+)$/\1/p' "$log")
    bad=$(awk '/^# (fail|cancelled|skipped|todo) / { sum += $3 } END { print sum + 0 }' "$log")
    if [ -z "$good" ]; then
        tail -n 30 "$log"
        good=0 bad=1
    elif [ "$bad" -gt 0 ]; then
        grep -A 20 '^not ok' "$log"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    printf '%-32s %5d passed %3d failed  %3d s\n' web "$good" "$bad" $((SECONDS - started))
}

[ -n "$filter" ] || run_web
for project in tests/Mirror.*.Tests tests/Mirror.EndToEnd; do
    grep -q "\"tests.$(basename "$project").$(basename "$project").csproj\"" Mirror.sln || continue      # Mirror.AppHost.Tests needs containers: docs/development.md
    run_project "$(basename "$project")" "$(basename "$project")"
done
# The same on a cluster of processes, all but the tests that bring their own host.
if [ -z "$filter" ]; then
    MIRROR_TEST_CLUSTER=true run_project Mirror.EndToEnd cluster -trait- "Host=own"
fi

if [ $((passed + failed)) -eq 0 ]; then
    echo "no test matches '$filter'"
    failed=1
fi
[ ! -s "$results/failures.txt" ] || { echo "failed:"; cut -c -300 "$results/failures.txt"; }
[ ! -s "$results/again.txt" ] || { echo "failed at first, passed when run again, alone; why is above:"; cat "$results/again.txt"; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
