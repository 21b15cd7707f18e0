#!/usr/bin/env bash
# Line coverage of the product's projects over all processes that tests start.
# Usage: eng/coverage.sh start     instruments the product's assemblies beside the tests
#        eng/coverage.sh hook      prints what DOTNET_STARTUP_HOOKS has to be meanwhile
#        eng/coverage.sh stop      puts the originals back
#        eng/coverage.sh report    prints the percentage of lines of each project; exit code 1 if one is below COVERAGE_LEAST
# Every file and line is in artifacts/coverage/coverage.info afterwards (lcov).
set -euo pipefail
cd "$(dirname "$0")/.."

configuration=${CONFIGURATION:-Release}
least=${COVERAGE_LEAST:-85}      # percent, of each project
framework=net10.0
output=artifacts/coverage
projects=(Mirror.Media Mirror.Streams Mirror.ServiceDefaults Mirror.IngestNode Mirror.GpuTranscode Mirror.Origin Mirror.Functions Mirror.EventTopic Mirror.Standalone)

# Puts the assembly and the symbols of project $1 from folder $2 beside the tests that have it.
copy_to_tests() {
    local folder file
    for folder in tests/*/bin/"$configuration/$framework"; do
        for file in "$1.dll" "$1.pdb"; do
            [ ! -e "$folder/$file" ] || [ "$folder" = "$2" ] || cp -p "$2/$file" "$folder/$file"
        done
    done
}

restore() {
    local project
    for project in "${projects[@]}"; do copy_to_tests "$project" "$project/bin/$configuration/$framework"; done
}

run_target() {
    dotnet msbuild eng/coverage/Coverage.csproj -nologo -warnAsError -v:minimal -terminalLogger:off -p:Configuration="$configuration" "$@"
}

case "${1:-}" in
    start)
        rm -rf "$output"
        mkdir -p "$output"
        restore                  # a run that was killed may have left what it instrumented
        filters=$(printf '[%s]*%%2c' "${projects[@]}")
        run_target -t:Instrument -p:CoverageProjects="${filters%\%2c}"
        for project in "${projects[@]}"; do copy_to_tests "$project" "tests/Mirror.EndToEnd/bin/$configuration/$framework"; done
        ;;
    hook)
        echo "$PWD/eng/coverage/bin/$configuration/$framework/Coverage.dll"
        ;;
    stop)
        restore
        ;;
    report)
        status=0
        run_target -t:Report -p:CoverageLeast="$least" >"$output/report.txt" 2>&1 || status=1
        awk -F '|' '/^\| Mirror\./ { gsub(/[ %]/, ""); printf "  %-30s %5.1f %%\n", $2, $3; shown++ } END { exit !shown }' "$output/report.txt" | sort || cat "$output/report.txt"
        [ "$status" -eq 0 ] || echo "  at least $least % of the lines of each are needed; $output/coverage.info names those that did not run (lcov: DA:LINE,0)"
        exit "$status"
        ;;
    *)
        sed -n '2,7s/^# //p' "$0" >&2
        exit 2
        ;;
esac
