#!/usr/bin/env bash
# Starts Mirror, pushes a test pattern with sound into it as an encoder would, and prints where to watch. Ctrl-C ends both.
# Ports are those of the configuration: MIRROR_INGESTION_SRT_PORT=30001 MIRROR_SERVER_HTTPS_PORT=9443 MIRROR_SERVER_HTTP_PORT=9080 make demo
set -euo pipefail
cd "$(dirname "$0")/.."

stream=${STREAM:-demo}
frame_rate=30
pids=()

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# shellcheck disable=SC2317   # called by the traps below
stop() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap stop EXIT
trap 'exit 0' INT TERM

# Prints what was done and how long it took since the step before.
last=$SECONDS
step() {
    printf 'demo: %-60s %3d s\n' "$1" $((SECONDS - last))
    last=$SECONDS
}

echo "demo: building Mirror and its web pages; the first time takes a minute or two"
log=$(mktemp)
# Analyzers run in make lint.
if ! dotnet build Mirror.Standalone -c Release -v q -nologo -p:RunAnalyzers=false >"$log" 2>&1; then
    grep -E 'error' "$log" | sort -u | head -n 20
    echo "demo: the build failed" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
step "built"
mirror=Mirror.Standalone/bin/Release/net10.0/Mirror.Standalone

# The value of KEY in SECTION of the configuration in force.
configured() {
    "$mirror" --print-config | awk -v want="$1" '
        { depth = match($0, /[^ ]/) - 1; split($0, pair, ":"); name = pair[1]; gsub(/ /, "", name); path[depth / 2] = name }
        { key = path[0]; for (i = 1; i <= depth / 2; i++) key = key "." path[i] }
        key == want { value = $0; sub(/^[^:]*: */, "", value); sub(/ +#.*/, "", value); print value; exit }'
}
srt_port=$(configured ingestion.srt.port)
https_port=$(configured server.https_port)
http_port=$(configured server.http_port)
http_enabled=$(configured server.enable_http)
for port in "$srt_port" "$https_port" "$http_port"; do
    if [ "$port" = 0 ]; then echo "demo: choose ports other than 0, so that the encoder and you know where to go" >&2; exit 1; fi
done
if [ "$http_enabled" = true ]; then base=http://127.0.0.1:$http_port; else base=https://127.0.0.1:$https_port; fi

answers() {
    if command -v curl >/dev/null; then curl --silent --fail --insecure --max-time 2 --output /dev/null "$1"
    else wget --quiet --no-check-certificate --timeout=2 --output-document=/dev/null "$1"; fi
}
# Waits until a URL answers 200, while a process lives.
wait_for() {
    local url=$1 pid=$2 seconds=$3
    local until=$((SECONDS + seconds))
    until answers "$url"; do
        kill -0 "$pid" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.2
    done
}

"$mirror" &
pids+=($!)
wait_for "$base/ready" "${pids[0]}" 30 || { echo "demo: Mirror did not start" >&2; exit 1; }
step "Mirror is ready"

# A clock with milliseconds, which shows the latency beside the player; only where ffmpeg can draw text.
midnight=$(date -d 'today 00:00' +%s)
picture="testsrc2=size=1280x720:rate=$frame_rate"
clock="drawtext=text='%{pts\\:hms\\:$(($(date +%s) - midnight))}':x=(w-tw)/2:y=h-120:fontsize=64:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=16"
if ffmpeg -loglevel quiet -nostdin -f lavfi -i "$picture" -vf "$clock" -frames:v 1 -f null - 2>/dev/null; then filter=$clock; else filter=null; fi

ffmpeg -loglevel error -nostdin \
    -re -f lavfi -i "$picture" -re -f lavfi -i "sine=frequency=330:beep_factor=2:sample_rate=48000" \
    -vf "$filter" -pix_fmt yuv420p \
    -c:v libx264 -preset veryfast -tune zerolatency -profile:v high -b:v 3M -maxrate 3M -bufsize 1500k \
    -g $((frame_rate / 2)) -keyint_min $((frame_rate / 2)) -sc_threshold 0 \
    -c:a aac -b:a 128k -ac 2 \
    -f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1 \
    "srt://127.0.0.1:$srt_port?streamid=$stream&latency=120000&pkt_size=1316" &
pids+=($!)
wait_for "$base/live/$stream/playlist.m3u8" "${pids[1]}" 30 || { echo "demo: the stream did not start" >&2; exit 1; }
step "the stream '$stream' is live"

cat <<TEXT

  Mirror is live.

    player      $base/watch/$stream
    all streams $base/
    playlist    $base/live/$stream/playlist.m3u8
    over TLS    https://localhost:$https_port/watch/$stream   (a development certificate: the browser asks once)

  Push your own:  ffmpeg -re -i FILE -c copy -f mpegts 'srt://127.0.0.1:$srt_port?streamid=NAME'
  Ctrl-C stops.

TEXT
wait -n "${pids[@]}" || true
echo "demo: Mirror or the encoder ended" >&2
exit 1
