using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Mirror.Benchmarks.Ingest;

/// <summary>CPU and memory of receiving SRT, for Mirror the whole way to a stored part, beside a bare receiver in C and srt-live-transmit, in one run.</summary>
internal static class IngestBench
{
    private const int WarmUpSeconds = 4;
    private static readonly (int Streams, int Megabits)[] Loads = [(1, 10), (5, 10), (10, 10), (25, 10), (1, 50), (5, 50), (10, 50)];

    public static async Task<int> RunAsync(string[] arguments)
    {
        int seconds = int.Parse(Option(arguments, "--seconds") ?? "12");
        string? only = Option(arguments, "--only");
        string sender = BenchMedia.Compile("srt-sender");
        string receiver = BenchMedia.Compile("srt-receiver");
        Console.WriteLine($"Ingest over SRT: {seconds} s each, the sender beside it on the same {Environment.ProcessorCount} cores");
        Console.WriteLine($"{"load",-10}{"receiver",-20}{"CPU s/Gbit",11}{"core %/stream",15}{"MiB/stream",12}{"lost",7}{"ratio to C",12}");
        foreach ((int streams, int megabits) in Loads)
        {
            string load = $"{streams}x{megabits}";
            if (only is not null && only != load) { continue; }
            var run = new Run(sender, BenchMedia.Make(megabits, 30), streams, megabits, seconds);
            Result floor = await run.MeasureAsync(port => [MeasuredProcess.Start(receiver, $"{port}")], step: 0);
            Print(load, "C, libsrt + epoll", floor, floor, streams);
            Print(load, "srt-live-transmit", await run.MeasureAsync(port => [.. Enumerable.Range(0, streams).Select(i => MeasuredProcess.Start("sh", "-c", $"exec srt-live-transmit -q 'srt://:{port + i}?mode=listener' file://con >/dev/null"))], step: 1), floor, streams);
            Print(load, "Mirror", await run.MeasureMirrorAsync(), floor, streams);
        }
        return 0;
    }

    internal static string? Option(string[] arguments, string name)
        => Array.IndexOf(arguments, name) is >= 0 and int at && at + 1 < arguments.Length ? arguments[at + 1] : null;

    private static void Print(string load, string name, Result result, Result floor, int streams)
        => Console.WriteLine($"{load,-10}{name,-20}{result.CpuPerGigabit,11:F2}{result.Cores / streams * 100,15:F1}{result.ResidentMiB / streams,12:F1}{result.Lost?.ToString() ?? "",7}{result.CpuPerGigabit / floor.CpuPerGigabit,12:F2}");

    private sealed record Result(double CpuPerGigabit, double Cores, double ResidentMiB, long? Lost);

    private sealed class Run(string sender, string file, int streams, int megabits, int seconds)
    {
        private const int PortsApart = 64;

        public async Task<Result> MeasureAsync(Func<int, MeasuredProcess[]> start, int step)
        {
            int port = MeasuredProcess.FreeUdpPort();
            if (port > ushort.MaxValue - PortsApart) { port -= PortsApart; }
            MeasuredProcess[] receivers = start(port);
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
                return await MeasureAsync(receivers, port, step, null);
            }
            finally { Array.ForEach(receivers, receiver => receiver.Dispose()); }
        }

        public async Task<Result> MeasureMirrorAsync()
        {
            (int port, int http) = (MeasuredProcess.FreeUdpPort(), MeasuredProcess.FreeTcpPort());
            string folder = Directory.CreateTempSubdirectory("mirror-bench-").FullName;
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{http}/") };
            using (MeasuredProcess mirror = MeasuredProcess.StartMirror(port, http, folder))
            {
                await WaitUntilReadyAsync(client);
                Result result = await MeasureAsync([mirror], port, 0, client);
                Directory.Delete(folder, recursive: true);
                return result;
            }
        }

        private async Task<Result> MeasureAsync(MeasuredProcess[] receivers, int port, int step, HttpClient? mirror)
        {
            using MeasuredProcess sending = MeasuredProcess.Start(sender, $"{port}", $"{step}", $"{streams}", $"{megabits * 1_000_000L}", $"{seconds + WarmUpSeconds + 3}", file);
            await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds));
            long startedAt = TimeProvider.System.GetTimestamp();
            double before = receivers.Sum(receiver => receiver.CpuSeconds);
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            double elapsed = TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds;
            double used = receivers.Sum(receiver => receiver.CpuSeconds) - before;
            double gigabits = streams * megabits * elapsed / 1000;
            return new Result(used / gigabits, used / elapsed, receivers.Sum(receiver => receiver.ResidentMiB), mirror is null ? null : await LostAsync(mirror));
        }

        /// <summary>Packets lost, continuity errors and frames dropped, over all streams; each must be live.</summary>
        private async Task<long> LostAsync(HttpClient mirror)
        {
            JsonNode answer = (await mirror.GetFromJsonAsync<JsonNode>("api/v1/streams?status=active"))!;
            if ((int)answer["count"]! != streams) { throw new InvalidOperationException($"{answer["count"]} of {streams} streams are active"); }
            return answer["streams"]!.AsArray().Sum(stream => (long)stream!["stats"]!["packets_lost"]! + (long)stream["stats"]!["continuity_errors"]!);
        }
    }

    internal static async Task WaitUntilReadyAsync(HttpClient client)
    {
        const int Attempts = 400;                            // 20 s
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync("/ready");
                if (response.IsSuccessStatusCode) { return; }
            }
            catch (HttpRequestException) when (attempt < Attempts) { /* not listening yet */ }
            if (attempt > Attempts) { throw new TimeoutException("Mirror did not become ready."); }
            await Task.Delay(50);
        }
    }
}
