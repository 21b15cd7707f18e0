using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Azure.Messaging;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Events;

namespace Mirror.Streams.Store;

/// <summary>Which storage of this process cannot be written now, such as a full disk. Live playback continues without it, so nobody would notice.</summary>
/// <remarks>
/// Each fault is in <c>/health</c>, in the metric <c>mirror.storage.failing</c>, and told once in the log and as an event; so is its end. From any thread.
/// </remarks>
public sealed partial class StorageFaults(IEvents events, TimeProvider time, ILogger<StorageFaults> logger)
{
    /// <summary>Recordings: <c>dvr.directory</c> or the storage that nodes share.</summary>
    public const string Recordings = "recordings";

    /// <summary>The disk tier of the segment store: <c>store.directory</c>.</summary>
    public const string Segments = "segments";

    /// <summary>Webhooks, deliveries that wait and recording requests: <c>documents.directory</c>.</summary>
    public const string Documents = "documents";

    /// <summary>The file of <c>events.file</c>.</summary>
    public const string EventFile = "event_file";

    /// <summary>The file of <c>hooks.dead_letter</c>.</summary>
    public const string DeadLetters = "dead_letters";

    // What is written rarely would stay at fault although its disk has room again.
    private static readonly TimeSpan LongestWithoutAttempt = TimeSpan.FromMinutes(2);
    private static readonly Meter Meter = new("Mirror.Streams");
    private static readonly UpDownCounter<long> Failing = Meter.CreateUpDownCounter<long>("mirror.storage.failing", "{storage}", "Kinds of storage that cannot be written now");
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("mirror.storage.failures", "{failure}", "Writes that failed, by kind of storage");
    private readonly ConcurrentDictionary<string, Fault> _faults = new(StringComparer.Ordinal);

    /// <summary>What fails now: the storage and the reason, by name.</summary>
    public IReadOnlyList<(string Storage, string Reason)> Current
    {
        get
        {
            foreach ((string storage, Fault fault) in _faults)
            {
                if (time.GetElapsedTime(fault.LastAt) > LongestWithoutAttempt) { Succeeded(storage); }
            }
            return [.. _faults.Select(fault => (fault.Key, fault.Value.Reason)).OrderBy(fault => fault.Key, StringComparer.Ordinal)];
        }
    }

    /// <summary>A write failed.</summary>
    /// <param name="storage">One of the names above.</param>
    /// <param name="reason">Why, in a sentence.</param>
    public void Failed(string storage, string reason)
    {
        Failures.Add(1, Tag(storage));
        var fault = new Fault(reason, time.GetTimestamp());
        if (!_faults.TryAdd(storage, fault))
        {
            _faults[storage] = fault;
            return;
        }
        Failing.Add(1, Tag(storage));
        LogFailed(storage, reason);
        Publish(EventTypes.StorageDegraded, storage, reason);
    }

    /// <summary>A write succeeded.</summary>
    public void Succeeded(string storage)
    {
        if (_faults.IsEmpty || !_faults.TryRemove(storage, out _)) { return; }
        Failing.Add(-1, Tag(storage));
        LogRecovered(storage);
        Publish(EventTypes.StorageRecovered, storage, null);
    }

    private void Publish(string type, string storage, string? reason)
    {
        var data = new JsonObject { ["storage"] = storage };
        if (reason is not null) { data["reason"] = reason; }
        events.Publish(new CloudEvent(StreamEvent.Source, type, BinaryData.FromString(data.ToJsonString()), "application/json", CloudEventDataFormat.Json)
        {
            Id = Guid.NewGuid().ToString("N"),
            Time = time.GetUtcNow(),
        });
    }

    private static KeyValuePair<string, object?> Tag(string storage) => new("storage", storage);

    private sealed record Fault(string Reason, long LastAt);

    [LoggerMessage(Level = LogLevel.Error, Message = "Storage of {Storage} cannot be written, retrying: {Reason}")]
    private partial void LogFailed(string storage, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Storage of {Storage} can be written again")]
    private partial void LogRecovered(string storage);
}
