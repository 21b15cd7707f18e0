using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Functions.Dvr;

/// <summary>Streams that this node should record and cannot now, such as on a full disk: for the API, health, events and metrics.</summary>
/// <remarks>The segment store keeps what waits for <c>store.retention</c>, so a short fault loses nothing. A single failed write is no fault yet.</remarks>
internal sealed partial class RecordingFaults(IEvents events, StorageFaults storage, NodeIdentity node, TimeProvider time, ILogger<RecordingFaults> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly UpDownCounter<long> Failing = new Meter("Mirror.Functions").CreateUpDownCounter<long>("mirror.dvr.failing", "{stream}", "Streams whose recording cannot be written now");
    private readonly ConcurrentDictionary<string, Fault> _faults = new(StringComparer.Ordinal);

    /// <summary>Returns why a stream's recording makes no progress; <see langword="null"/> while it does.</summary>
    public string? ReasonOf(string streamId) => _faults.TryGetValue(streamId, out Fault? fault) && fault.IsTold ? fault.Reason : null;

    /// <summary>A pass of a stream's recorder failed. Calls for one stream never overlap.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="recording">Its recording, if it has begun.</param>
    /// <param name="reason">Why, in a sentence.</param>
    public void Failed(string streamId, RecordingKey? recording, string reason)
    {
        Fault fault = _faults.GetOrAdd(streamId, _ => new Fault { Since = time.GetTimestamp() });
        fault.Reason = reason;
        if (time.GetElapsedTime(fault.Since) < Patience) { return; }
        storage.Failed(StorageFaults.Recordings, reason);
        if (fault.IsTold) { return; }
        fault.IsTold = true;
        Failing.Add(1);
        LogFailed(streamId, reason);
        Publish(EventTypes.RecordingDegraded, streamId, recording, reason);
    }

    /// <summary>A pass wrote what there was.</summary>
    public void Succeeded(string streamId, RecordingKey? recording)
    {
        if (!Forget(streamId)) { return; }
        LogRecovered(streamId);
        Publish(EventTypes.RecordingResumed, streamId, recording, null);
    }

    /// <summary>The stream is recorded no more, or by another node.</summary>
    /// <returns>Whether its fault had been told.</returns>
    public bool Forget(string streamId)
    {
        if (!_faults.TryRemove(streamId, out Fault? fault) || !fault.IsTold) { return false; }
        Failing.Add(-1);
        if (!_faults.Values.Any(other => other.IsTold)) { storage.Succeeded(StorageFaults.Recordings); }
        return true;
    }

    private void Publish(string type, string streamId, RecordingKey? recording, string? reason)
        => events.Publish(new StreamEvent { Stream = streamId, Recording = recording?.Id, Reason = reason, Node = node.Id }.ToCloudEvent(type, time.GetUtcNow()));

    private sealed class Fault
    {
        public required long Since { get; init; }

        public string Reason { get; set; } = "";

        public bool IsTold { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: its recording cannot be written, retrying: {Reason}")]
    private partial void LogFailed(string stream, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: its recording is written again")]
    private partial void LogRecovered(string stream);
}
