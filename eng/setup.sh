#!/usr/bin/env bash
# Installs what Mirror needs and this machine lacks, on Debian and Ubuntu; elsewhere it says what is missing.
# Usage: eng/setup.sh [run] [test] [bench]     default: run test
set -euo pipefail

groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(run test)
missing_packages=()
missing_by_hand=()

has_command() { command -v "$1" >/dev/null 2>&1; }
# The list is read whole: grep -q would end before ldconfig has written it all, which then counts as a failure.
libraries=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null || true)
has_library() { grep -q "$1" <<<"$libraries"; }
has_header() { [ -e "/usr/include/$1" ] || [ -e "/usr/include/$(uname -m)-linux-gnu/$1" ]; }

want_command() { has_command "$1" || missing_packages+=("$2"); }
want_library() { has_library "$1" || missing_packages+=("$2"); }

check_dotnet() {
    if has_command dotnet && grep -q '^10\.' <<<"$(dotnet --list-sdks 2>/dev/null)"; then return; fi
    missing_by_hand+=("the .NET SDK 10: https://dot.net/download")
}

check_node() {
    local version=0
    if has_command node; then version=$(node --version | tr -d 'v'); fi
    if has_command npm && [ "${version%%.*}" -ge 20 ] 2>/dev/null; then return; fi
    missing_by_hand+=("Node.js 20 or newer with npm, which builds the web pages: https://nodejs.org/en/download")
}

for group in "${groups[@]}"; do
    case "$group" in
        run)
            check_dotnet
            check_node
            want_library 'libsrt-gnutls\.so\.1\.5' libsrt1.5-gnutls
            want_command ffmpeg ffmpeg
            has_command curl || has_command wget || missing_packages+=(curl)
            ;;
        test)
            # Chromium without its windows: those take half of a core while a page is opened.
            want_command chromium-headless-shell chromium-headless-shell
            want_command srt-live-transmit srt-tools
            want_command gcc gcc
            want_command redis-server redis-server
            # What the brief run of the benchmarks needs.
            want_command wrk wrk
            want_command h2load nghttp2-client
            [ -e /usr/include/srt/srt.h ] || missing_packages+=(libsrt-gnutls-dev)
            # The headers of FFmpeg, against which a test compares the structures that Mirror declares.
            for library in avcodec avfilter avutil; do
                has_header "lib$library/$library.h" || missing_packages+=("lib$library-dev")
            done
            ;;
        bench)
            # Besides what test installs: a reference that a full run has and a brief one can do without.
            want_command nginx nginx
            ;;
        *)
            echo "setup: there is no group '$group'; there are run, test and bench." >&2
            exit 2
            ;;
    esac
done

install_packages() {
    local packages=("$@") as_root=()
    if ! has_command apt-get; then
        echo "setup: this is neither Debian nor Ubuntu. Install what these Debian packages hold: ${packages[*]}" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! has_command sudo; then
            echo "setup: run this as root, or install them yourself: apt-get install ${packages[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    local started=$SECONDS
    echo "setup: installing ${packages[*]}"
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update &&
           "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
               apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${packages[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "setup: apt-get could not install ${packages[*]}." >&2
        return 1
    fi
    rm -f "$log"
    printf 'setup: installed %70d s\n' $((SECONDS - started))
}

# Servers that the tests start: Garnet, and Azurite, which stands for Azure Blob Storage.
install_test_servers() {
    local log top stamp
    top=$(cd "$(dirname "$0")/.." && pwd)
    stamp=$top/.mirror/setup/dotnet-tools.json       # what was restored last
    if cmp -s "$top/.config/dotnet-tools.json" "$stamp" && [ -e "$top/eng/azurite/node_modules/.bin/azurite-blob" ]; then return 0; fi
    log=$(mktemp)
    if ! (cd "$top" && dotnet tool restore && { [ -e eng/azurite/node_modules/.bin/azurite-blob ] || npm --prefix eng/azurite ci --ignore-scripts --no-audit --no-fund; }) >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "setup: the servers for tests (.config/dotnet-tools.json, eng/azurite) could not be installed." >&2
        return 1
    fi
    rm -f "$log"
    mkdir -p "${stamp%/*}"
    cp "$top/.config/dotnet-tools.json" "$stamp"
}

# Where containers run and the registry has the packages of Aspire, MirrorAspire is recorded for this checkout: dotnet run --project Mirror.AppHost then
# starts the composition. Delete .mirror/build.props to be asked again, or write false into it.
find_aspire() {
    local top folder
    top=$(cd "$(dirname "$0")/.." && pwd)
    [ ! -e "$top/.mirror/build.props" ] || return 0
    docker info >/dev/null 2>&1 || podman info >/dev/null 2>&1 || return 0
    folder=$(mktemp -d)
    sed -n 's|.*<AspireVersion>\(.*\)</AspireVersion>.*|\1|p' "$top/eng/versions/Aspire.props" >"$folder/version"
    cat >"$folder/probe.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Aspire.Hosting.AppHost" Version="$(cat "$folder/version")" /></ItemGroup>
</Project>
PROJECT
    if dotnet restore "$folder/probe.csproj" -v q >/dev/null 2>&1 </dev/null; then
        mkdir -p "$top/.mirror"
        echo '<Project><PropertyGroup><MirrorAspire>true</MirrorAspire></PropertyGroup></Project>' >"$top/.mirror/build.props"
        echo "setup: Aspire is there; dotnet run --project Mirror.AppHost starts the services with it (.mirror/build.props)"
    fi
    rm -rf "$folder"
}

status=0
if [ ${#missing_packages[@]} -gt 0 ]; then
    mapfile -t missing_packages < <(printf '%s\n' "${missing_packages[@]}" | sort -u)
    install_packages "${missing_packages[@]}" || status=1
fi
for item in "${missing_by_hand[@]}"; do
    echo "setup: install $item" >&2
    status=1
done
if [ ${#missing_by_hand[@]} -eq 0 ] && [[ " ${groups[*]} " == *" test "* ]]; then install_test_servers || status=1; fi
[ ${#missing_by_hand[@]} -gt 0 ] || find_aspire
exit $status
