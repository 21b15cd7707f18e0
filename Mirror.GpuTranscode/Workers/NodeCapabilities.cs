using System.Net.Sockets;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Workers;

/// <summary>What this node can decode and encode: found out once, by a worker process of its own, since drivers crash.</summary>
internal sealed partial class NodeCapabilities(WorkerPool pool, TranscodeBudget budget, GpuPool gpus, ILogger<NodeCapabilities> logger)
{
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(60);
    private readonly Lock _gate = new();
    private Task<TranscodeCapabilities>? _probe;

    /// <summary>What it can do, and what of that is in use.</summary>
    public async ValueTask<TranscodeCapabilities> GetAsync(CancellationToken cancellationToken) => WithUse(await Probe().WaitAsync(cancellationToken));

    /// <summary>The same, if it has been found out.</summary>
    public TranscodeCapabilities? Known
    {
        get { lock (_gate) { return _probe is { IsCompletedSuccessfully: true } ? WithUse(_probe.Result) : null; } }
    }

    /// <summary>Starts to find out, where that has not begun; one that failed is tried again.</summary>
    public Task<TranscodeCapabilities> Probe()
    {
        lock (_gate)
        {
            bool hasFailed = _probe is { IsCompleted: true } && _probe.Result is { IsAvailable: false, LibavcodecVersion: null };
            if (_probe is null || hasFailed) { _probe = Task.Run(ProbeAsync); }
            return _probe;
        }
    }

    private TranscodeCapabilities WithUse(TranscodeCapabilities found) => found with
    {
        CoresInUse = budget.CoresInUse,
        Streams = budget.Streams,
        Gpus = [.. found.Gpus.Select(gpu => gpu with { SessionsInUse = gpus.SessionsOf(gpu.Index) })],
    };

    private async Task<TranscodeCapabilities> ProbeAsync()
    {
        using var limit = new CancellationTokenSource(LongestProbe);
        TranscodeCapabilities? found = null;
        string? failure;
        try
        {
            await using WorkerProcess worker = await pool.TakeAsync(limit.Token);
            await worker.SendAsync(WorkerProtocol.Write(WorkerMessageType.Probe, [], []), limit.Token);
            bool answered = await worker.ReceiveAsync(WorkerMessageType.Capabilities, payload => found = WorkerProtocol.ReadJson(payload.Span, WorkerJson.Default.TranscodeCapabilities), limit.Token);
            failure = answered ? "The worker process told nothing that makes sense." : await worker.DescribeExitAsync();
        }
        catch (WorkerStartException error) { failure = error.Message; }
        catch (SocketException) { failure = "The worker process ended while it tried the codecs."; }
        catch (OperationCanceledException) { failure = limit.IsCancellationRequested ? $"Trying the codecs took more than {LongestProbe.TotalSeconds} s." : "The node ends."; }
        found ??= new TranscodeCapabilities { IsAvailable = false, Reason = failure, Cores = Environment.ProcessorCount };
        if (!found.IsAvailable) { LogUnavailable(found.Reason ?? ""); }
        gpus.Learn(found.Gpus);
        return found;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Renditions cannot be encoded here: {Reason}")]
    private partial void LogUnavailable(string reason);
}
