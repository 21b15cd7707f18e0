using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.LocalCluster;

namespace Mirror.Benchmarks.Ingest;

/// <summary>What a receiver of SRT used.</summary>
/// <param name="CpuPerGigabit">CPU seconds for each Gbit sent to it.</param>
/// <param name="Cores">Cores that were busy with it.</param>
/// <param name="ResidentMiB">Its memory.</param>
/// <param name="Lost">Packets lost and continuity errors, where the receiver counts them.</param>
internal sealed record IngestResult(double CpuPerGigabit, double Cores, double ResidentMiB, long? Lost);

/// <summary>A number of SRT streams of one rate, sent to one receiver after another.</summary>
internal sealed class IngestLoad(string sender, int streams, int megabits, TimeSpan length, bool isBrief)
{
    private const int PortsApart = 64;
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(3);                // the sender outlasts the measurement
    private readonly TimeSpan _warmUp = TimeSpan.FromSeconds(isBrief ? 1 : 4);

    private TimeSpan SenderLength => _warmUp + length + Slack;

    /// <summary>Measures receivers that <paramref name="start"/> starts on a port, or on one port for each stream where <paramref name="step"/> is 1.</summary>
    public async Task<IngestResult> MeasureAsync(Func<int, MeasuredProcess[]> start, int step)
    {
        int port = FreePorts.Take();
        if (port > ushort.MaxValue - PortsApart) { port -= PortsApart; }
        string file = MakeMedia();
        MeasuredProcess[] receivers = start(port);
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(isBrief ? 0.5 : 1));
            return await MeasureAsync(receivers, file, port, step, null);
        }
        finally { Array.ForEach(receivers, receiver => receiver.Dispose()); }
    }

    /// <summary>Measures Mirror.</summary>
    public async Task<IngestResult> MeasureMirrorAsync()
    {
        (int port, int http) = (FreePorts.Take(), FreePorts.Take());
        string folder = Directory.CreateTempSubdirectory("mirror-bench-").FullName;
        try
        {
            string file = MakeMedia();
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{http}/") };
            using MeasuredProcess mirror = MeasuredProcess.StartMirror(port, http, folder);
            await mirror.WaitUntilReadyAsync(client);
            return await MeasureAsync([mirror], file, port, 0, client);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private string MakeMedia() => BenchMedia.Make(megabits, Math.Max(isBrief ? BenchMedia.BriefSeconds : BenchMedia.Seconds, (int)SenderLength.TotalSeconds + 1));

    private async Task<IngestResult> MeasureAsync(MeasuredProcess[] receivers, string file, int port, int step, HttpClient? mirror)
    {
        using MeasuredProcess sending = MeasuredProcess.Start(sender, $"{port}", $"{step}", $"{streams}", $"{megabits * 1_000_000L}", $"{SenderLength.TotalSeconds}", file);
        await Task.Delay(_warmUp);
        long startedAt = TimeProvider.System.GetTimestamp();
        double before = receivers.Sum(receiver => receiver.CpuSeconds);
        await Task.Delay(length);
        double elapsed = TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds;
        double used = receivers.Sum(receiver => receiver.CpuSeconds) - before;
        sending.ThrowIfEnded("the sender");
        double gigabits = streams * megabits * elapsed / 1000;
        return new IngestResult(used / gigabits, used / elapsed, receivers.Sum(receiver => receiver.ResidentMiB), mirror is null ? null : await LostAsync(mirror));
    }

    /// <summary>Returns packets lost and continuity errors over all streams. Each must be active.</summary>
    private async Task<long> LostAsync(HttpClient mirror)
    {
        JsonNode answer = (await mirror.GetFromJsonAsync<JsonNode>("api/v1/streams"))!;
        JsonNode[] all = [.. answer["streams"]!.AsArray().OfType<JsonNode>()];
        string[] others = [.. all.Where(stream => (string?)stream["status"] != "active").Select(stream => $"{stream["id"]} is {stream["status"]} ({stream["status_reason"]})")];
        int active = all.Length - others.Length;
        if (active != streams) { throw new InvalidOperationException($"{active} of {streams} streams are active; {string.Join(", ", others)}"); }
        return all.Sum(stream => (long)stream["stats"]!["packets_lost"]! + (long)stream["stats"]!["continuity_errors"]!);
    }
}
