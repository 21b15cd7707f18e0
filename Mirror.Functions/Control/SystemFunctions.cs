using System.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Mirror.Streams.Registry;

namespace Mirror.Functions.Control;

/// <summary><c>/api/v1/stats</c>: totals.</summary>
[Tags("streams")]
internal sealed class SystemFunctions(KnownStreams known, IStreamRegistry registry, IngestListeners listeners, ProcessUsage usage)
{
    [Function("GetStats")]
    [EndpointSummary("Totals of the whole system")]
    [ProducesResponseType<SystemStatsAnswer>(StatusCodes.Status200OK)]
    public async Task<IResult> GetStatsAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/v1/stats")] HttpRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<StreamRecord> streams = await known.ListAsync(cancellationToken);
        int srtPort = listeners.SrtPort != 0 ? listeners.SrtPort : (await registry.ListNodesAsync(cancellationToken)).Select(node => node.SrtPort).FirstOrDefault(port => port != 0);
        (double cpu, long memory, TimeSpan uptime, DateTime started) = usage.Read();
        var answer = new SystemStatsAnswer(
            streams.Count, streams.Count(stream => stream.Status == StreamStatus.Active), streams.Sum(stream => stream.Bitrate), Math.Round(cpu, 4), memory,
            Math.Round(uptime.TotalSeconds, 1), started, srtPort != 0, listeners.RtpPort != 0, streams.Count(stream => stream.Type == "srt"),
            streams.Count(stream => stream.Type == "rtp"), streams.Count(stream => stream.Status is StreamStatus.Active or StreamStatus.Connecting), srtPort);
        return TypedResults.Json(answer, ControlJson.Default);
    }
}

/// <summary>What this process uses of the machine.</summary>
internal sealed class ProcessUsage(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly DateTime _started = Process.GetCurrentProcess().StartTime.ToUniversalTime();
    private long _lastRead = time.GetTimestamp();
    private TimeSpan _lastCpu;
    private double _lastShare;

    /// <summary>Share of all cores since the last read (0 to 1), resident bytes, age, start (UTC).</summary>
    public (double Cpu, long Memory, TimeSpan Uptime, DateTime Started) Read()
    {
        using var process = Process.GetCurrentProcess();
        lock (_lock)
        {
            TimeSpan elapsed = time.GetElapsedTime(_lastRead);
            TimeSpan cpu = process.TotalProcessorTime;
            if (elapsed > TimeSpan.FromMilliseconds(100))    // two readers at once would otherwise see noise
            {
                _lastShare = Math.Clamp((cpu - _lastCpu) / elapsed / Environment.ProcessorCount, 0, 1);
                (_lastRead, _lastCpu) = (time.GetTimestamp(), cpu);
            }
        }
        return (_lastShare, process.WorkingSet64, time.GetUtcNow().UtcDateTime - _started, _started);
    }
}
