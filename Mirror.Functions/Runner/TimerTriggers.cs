using Microsoft.Azure.Functions.Worker;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;

namespace Mirror.Functions.Runner;

/// <summary>Runs functions with a timer trigger: of several nodes, one each time.</summary>
internal sealed partial class TimerTriggers(IServiceProvider services, ILeases leases, NodeIdentity node, TimeProvider time, ILogger<TimerTriggers> logger) : BackgroundService
{
    private static readonly TimeSpan LongestLease = TimeSpan.FromSeconds(30);
    private int _isAway;

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
        => Task.WhenAll(FunctionDescription.All.Select(function => function.TriggerOf<TimerTriggerAttribute>() is { } trigger ? RunAsync(function, trigger, stoppingToken) : Task.CompletedTask));

    private async Task RunAsync(FunctionDescription function, TimerTriggerAttribute trigger, CancellationToken stoppingToken)
    {
        TimerSchedule schedule = TimerSchedule.Parse(trigger.Schedule);
        DateTime last = time.GetUtcNow().UtcDateTime;
        if (trigger.RunOnStartup) { await RunOnceAsync(function, schedule, last, stoppingToken); }
        while (!stoppingToken.IsCancellationRequested)
        {
            DateTime next = schedule.Next(last);
            TimeSpan wait = next - time.GetUtcNow().UtcDateTime;
            if (wait > TimeSpan.Zero) { await Task.Delay(wait, time, stoppingToken); }
            await RunOnceAsync(function, schedule, next, stoppingToken);
            DateTime now = time.GetUtcNow().UtcDateTime;
            last = now > next ? now : next;               // runs missed meanwhile are not made up for
        }
    }

    /// <summary>The lease is not given back: it covers the clocks of other nodes that are late.</summary>
    private async Task RunOnceAsync(FunctionDescription function, TimerSchedule schedule, DateTime due, CancellationToken stoppingToken)
    {
        DateTime next = schedule.Next(due);
        TimeSpan half = (next - due) / 2;
        try
        {
            Lease? lease = await leases.TryAcquireAsync("timer/" + function.Name, node.Id, half < LongestLease ? half : LongestLease, stoppingToken);
            Volatile.Write(ref _isAway, 0);
            if (lease is null) { return; }
            var status = new ScheduleStatus { Last = due, Next = next, LastUpdated = due };
            await function.InvokeAsync(services, new TimerInfo { ScheduleStatus = status, IsPastDue = time.GetUtcNow().UtcDateTime - due > TimeSpan.FromSeconds(1) }, stoppingToken);
        }
        catch (SharedStateException error) when (!stoppingToken.IsCancellationRequested)
        {
            if (Interlocked.Exchange(ref _isAway, 1) == 0) { LogAway(function.Name, error.Message); }
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested) { LogFailed(function.Name, next, error); }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The function {Function} could not run, nor can others until what nodes share is back: {Reason}")]
    private partial void LogAway(string function, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The function {Function} failed; it runs again at {Next}")]
    private partial void LogFailed(string function, DateTime next, Exception error);
}
