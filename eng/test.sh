#!/usr/bin/env bash
# Builds everything once and runs all tests, or those whose full name contains FILTER.
# Usage: eng/test.sh [FILTER]     CONFIGURATION=Debug for a debug build; MIRROR_TEST_FULL=true for long tests at their full length
# Whole output goes to artifacts/test/; failures are shown here, and the last line is "N passed, N failed".
# 1. Unit tests and functional tests of a whole Mirror, which depend on no speed: several projects at a time. Without FILTER,
#    the lines of the product that they run are counted, and each project needs its share: eng/coverage.sh.
# 2. Tests on a cluster of processes. 3. Real-time tests. Both alone, one after another, and before other programs where this user may.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

filter=${1:-}
configuration=${CONFIGURATION:-Release}
longest_run=20m          # a hung test project is ended and counts as a failure
slowest=10               # tests that are listed at the end
threads=6                # functional tests of a whole Mirror at a time: each mostly waits for its encoder
results=artifacts/test
passed=0
failed=0

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
export DOTNET_TieredPGO=0       # processes that live for seconds compile much and gain nothing by profiles
export MIRROR_TEST_REPORT="$PWD/$results/real-time.txt"
rm -rf "$results"
mkdir -p "$results"

# Analyzers run in make lint.
if ! dotnet build Mirror.sln -c "$configuration" -v q -nologo -p:RunAnalyzers=false >"$results/build.log" 2>&1; then
    grep -E 'error' "$results/build.log" | sort -u | head -n 40
    echo "the build failed; its output is in $results/build.log"
    echo "0 passed, 1 failed"
    exit 1
fi
printf '%-32s %35d s\n' "build" "$SECONDS"

# Prints each failed test of run $1 with its message and stack, as the runner wrote it, and keeps name and message for the end.
show_failures() {
    local log="$results/$1.log"
    awk '/^    [^ ]/ { failing = /\[FAIL\]/ } /^ ? ?[^ ]/ { failing = 0 } failing' "$log"
    awk -v run="$1" '/^    [^ ]/ { failing = /\[FAIL\]/; lines = 0; if (failing) print run ": " $1 } /^ ? ?[^ ]/ { failing = 0 }
        failing && /^      / && !/^      (Stack Trace|Output):/ && lines++ < 4 { print } /^      (Stack Trace|Output):/ { failing = 0 }' "$log" >>"$results/failures.txt"
}

# Runs a command before other programs. Linux schedules sessions against each other, and niceness counts within one (sched(7), autogroup):
# so it gets a session of its own, with a niceness of its own.
run_first() {
    # shellcheck disable=SC2016 # the inner shell expands it
    setsid bash -c 'echo -15 2>/dev/null >/proc/self/autogroup; exec nice -n -15 "$@"' first "$@" &
    local leader=$!
    trap 'kill -- -$leader; exit 130' INT TERM
    wait "$leader"
    local status=$?
    trap - INT TERM
    return "$status"
}

# The total named $2 in the summary line of log $1.
total() {
    grep -E '^ +Mirror\..* Total: ' "$1" | tail -n 1 | grep -oE "$2: [0-9]+" | grep -oE '[0-9]+$' || true
}

# Runs the tests of project $1; $2 names the run, further words choose among the tests.
run_project() {
    local name=$1 run=$2 started=$SECONDS
    local arguments=(-noLogo -noColor -longRunning 240 -trx "$results/$run.trx" "${@:3}")
    [ -z "$filter" ] || arguments+=(-method "*$filter*")
    "${before[@]}" timeout --kill-after=10s "$longest_run" "tests/$name/bin/$configuration/net10.0/$name" "${arguments[@]}" >"$results/$run.log" 2>&1 </dev/null
    echo "$? $((SECONDS - started))" >"$results/$run.status"
}

# Adds run $1 to the totals, and prints its line.
count_run() {
    local run=$1 log="$results/$1.log" status seconds count bad kind
    read -r status seconds <"$results/$run.status"
    count=$(total "$log" Total)
    if [ -z "$count" ]; then
        # No summary: the process died or was ended.
        echo "$run ended with status $status before its tests did:"
        tail -n 30 "$log"
        echo "$run: ended with status $status" >>"$results/failures.txt"
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
    passed=$((passed + count - bad))
    failed=$((failed + bad))
    [ "$count" -eq 0 ] || printf '%-32s %5d passed %3d failed  %3d s\n' "$run" $((count - bad)) "$bad" "$seconds"
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

# Originals run in the other groups, whatever happens: counting costs time.
stop_coverage() {
    unset DOTNET_STARTUP_HOOKS
    eng/coverage.sh stop
}
if [ -z "$filter" ]; then
    started=$SECONDS
    trap stop_coverage EXIT
    if ! eng/coverage.sh start >"$results/coverage.log" 2>&1; then
        cat "$results/coverage.log"
        echo "coverage: the assemblies could not be instrumented" | tee -a "$results/failures.txt"
        failed=1
    fi
    DOTNET_STARTUP_HOOKS=$(eng/coverage.sh hook)
    export DOTNET_STARTUP_HOOKS
    printf '%-32s %35d s\n' "coverage" $((SECONDS - started))
fi

# 1. The project with the most work runs beside the others, which run one after another; the functional tests are the last of them.
before=()
others=()
for project in tests/Mirror.*.Tests; do
    project=$(basename "$project")
    grep -q "\"tests.$project.$project.csproj\"" Mirror.sln || continue      # Mirror.AppHost.Tests needs containers: docs/development.md
    [ "$project" = Mirror.GpuTranscode.Tests ] || others+=("$project")
done
run_project Mirror.GpuTranscode.Tests Mirror.GpuTranscode.Tests -trait- Run=real-time &
[ -n "$filter" ] || run_web
for project in "${others[@]}"; do
    run_project "$project" "$project"
    count_run "$project"
done
run_project Mirror.EndToEnd functional -trait- Run=real-time -trait- Run=cluster -maxThreads "$threads"
wait
count_run Mirror.GpuTranscode.Tests
count_run functional

[ -n "$filter" ] || stop_coverage

# 2. and 3.
if nice -n -15 true 2>/dev/null && [ "$(nice -n -15 nice)" = -15 ]; then before=(run_first); fi
run_project Mirror.EndToEnd cluster -trait Run=cluster -parallel none
count_run cluster
run_project Mirror.GpuTranscode.Tests real-time-transcode -trait Run=real-time -parallel none
count_run real-time-transcode
run_project Mirror.EndToEnd real-time -trait Run=real-time -parallel none
count_run real-time

if [ $((passed + failed)) -eq 0 ]; then
    echo "no test matches '$filter'"
    failed=1
fi
if [ -s "$MIRROR_TEST_REPORT" ]; then
    echo "real time:"
    sed 's/^/  /' "$MIRROR_TEST_REPORT"
fi
if [ -z "$filter" ]; then
    echo "lines that tests of group 1 run:"
    if ! eng/coverage.sh report; then
        echo "coverage: the lines that tests run are too few in a project" >>"$results/failures.txt"
        failed=$((failed + 1))
    fi
fi
echo "the slowest tests:"
grep -ohE '<UnitTestResult [^>]*' "$results"/*.trx | sed -nE 's/.*testName="([^"]*)".* duration="([0-9:.]+)".*/\2 \1/p; s/.* duration="([0-9:.]+)".*testName="([^"]*)".*/\1 \2/p' |
    sort -ru | head -n "$slowest" | cut -c 4-8,17-180 | sed 's/^/  /'
[ ! -s "$results/failures.txt" ] || { echo "failed:"; cut -c -300 "$results/failures.txt"; }
printf '%-32s %35d s\n' "all" "$SECONDS"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
