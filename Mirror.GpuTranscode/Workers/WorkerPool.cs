namespace Mirror.GpuTranscode.Workers;

/// <summary>Starts the node's worker processes, and keeps a spare one, so that a failed worker is replaced at once.</summary>
internal sealed partial class WorkerPool(WorkerCommand command, ILogger<WorkerPool> logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);      // of a spare that did not start, where nobody waits for it
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task<WorkerProcess>? _spare;

    /// <summary>Starts the spare worker, where there is none.</summary>
    public void Prepare()
    {
        lock (_gate)
        {
            if (_spare is not null || _stopping.IsCancellationRequested) { return; }
            _spare = WorkerProcess.StartAsync(command, logger, _stopping.Token);
            _ = WatchAsync(_spare);
        }
    }

    /// <summary>A worker that is ready; the caller disposes of it.</summary>
    /// <exception cref="WorkerStartException">None could be started.</exception>
    /// <exception cref="OperationCanceledException">The caller, or the node, is ending.</exception>
    public async Task<WorkerProcess> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<WorkerProcess> starting = TakeSpare() ?? WorkerProcess.StartAsync(command, logger, _stopping.Token);
            WorkerProcess worker;
            try { worker = await starting.WaitAsync(cancellationToken); }
            catch (OperationCanceledException)
            {
                _ = DisposeAsync(starting);
                throw;
            }
            if (worker.Exited.IsCompleted)
            {
                await worker.DisposeAsync();                 // killed while it waited
                continue;
            }
            Prepare();
            return worker;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (TakeSpare() is { } spare) { await DisposeAsync(spare); }
    }

    private static async Task DisposeAsync(Task<WorkerProcess> starting)
    {
        try { await (await starting).DisposeAsync(); }
        catch (Exception error) when (error is WorkerStartException or OperationCanceledException) { /* there is none to end */ }
    }

    private Task<WorkerProcess>? TakeSpare()
    {
        lock (_gate)
        {
            (Task<WorkerProcess>? spare, _spare) = (_spare, null);
            return spare;
        }
    }

    /// <summary>Replaces a spare worker that did not start, or ended.</summary>
    private async Task WatchAsync(Task<WorkerProcess> spare)
    {
        try
        {
            try
            {
                await (await spare).Exited.WaitAsync(_stopping.Token);
            }
            catch (WorkerStartException error) { LogSpareFailed(error.Message); }
            await Task.Delay(RetryDelay, _stopping.Token);
        }
        catch (OperationCanceledException) { return; }
        lock (_gate)
        {
            if (_spare != spare) { return; }                 // somebody has it
            _spare = null;
        }
        if (spare.IsCompletedSuccessfully) { await (await spare).DisposeAsync(); }
        Prepare();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No worker process for transcoding can be started: {Reason}")]
    private partial void LogSpareFailed(string reason);
}
