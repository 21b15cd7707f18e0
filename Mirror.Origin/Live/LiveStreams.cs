using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Mirror.Streams;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;

namespace Mirror.Origin.Live;

/// <summary>All live streams that this origin knows, kept up to date from announcements.</summary>
internal sealed class LiveStreams : IHostedService, IDisposable
{
    /// <summary>How often waits are ended and old segments let go: the most by which a time limit is overrun.</summary>
    public static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, StreamTimeline> _streams = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, StreamTimeline>.AlternateLookup<ReadOnlySpan<char>> _byName;
    private readonly Lock _membership = new();          // a stream is removed while nobody is about to start it again
    private readonly IStreamRegistry _registry;
    private readonly OriginOptions _options;
    private readonly OriginMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;
    private readonly ITimer _sweep;
    private int _isSweeping;

    public LiveStreams(IAnnouncements announcements, IStreamRegistry registry, IOptions<OriginOptions> options, OriginMetrics metrics, TimeProvider time)
    {
        _registry = registry;
        _options = options.Value;
        _metrics = metrics;
        _time = time;
        _byName = _streams.GetAlternateLookup<ReadOnlySpan<char>>();
        Parking = new ParkingLimit(_options.MaxParked);
        _subscription = announcements.Subscribe(OnAnnouncement);
        _sweep = time.CreateTimer(static state => ((LiveStreams)state!).Sweep(), this, SweepInterval, SweepInterval);
    }

    public ParkingLimit Parking { get; }

    /// <summary>The server is stopping: no request may wait.</summary>
    public bool IsStopping { get; private set; }

    public int Count => _streams.Count;

    public bool TryFind(ReadOnlySpan<char> name, out StreamTimeline? stream) => _byName.TryGetValue(name, out stream);

    /// <summary>The record of a stream, and a timeline to wait on while it is known but nothing of it was announced.</summary>
    /// <returns>No timeline when nobody knows such a stream.</returns>
    public async ValueTask<(StreamTimeline? Stream, StreamRecord? Record)> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (!StreamId.IsValid(name)) { return (null, null); }
        StreamRecord? record = await _registry.FindAsync(name, cancellationToken);
        if (_streams.TryGetValue(name, out StreamTimeline? stream)) { return (stream, record); }
        if (record is null or { Status: StreamStatus.Ended or StreamStatus.Error }) { return (null, record); }
        lock (_membership) { return (GetOrAdd(name), record); }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Answers everyone who waits: a server that stops must not wait for them.</summary>
    public void Stop()
    {
        IsStopping = true;
        foreach (StreamTimeline stream in _streams.Values) { stream.Stop(); }
    }

    public void Dispose()
    {
        _subscription.Dispose();
        _sweep.Dispose();
        Stop();
        foreach (StreamTimeline stream in _streams.Values) { stream.Close(); }
    }

    private void OnAnnouncement(Announcement announcement)
    {
        if (announcement is RenditionStarted)
        {
            lock (_membership) { GetOrAdd(announcement.Rendition.StreamId).Apply(announcement); }
        }
        else if (_streams.TryGetValue(announcement.Rendition.StreamId, out StreamTimeline? stream)) { stream.Apply(announcement); }
        else { _metrics.RejectedAnnouncements.Add(1); }
    }

    private StreamTimeline GetOrAdd(string name)
    {
        if (_streams.TryGetValue(name, out StreamTimeline? known)) { return known; }
        var stream = new StreamTimeline(name, _options, _metrics, Parking, _time);
        if (IsStopping) { stream.Stop(); }
        return _streams.GetOrAdd(name, stream);
    }

    private void Sweep()
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) != 0) { return; }
        try
        {
            foreach (StreamTimeline stream in _streams.Values)
            {
                stream.Sweep();
                if (stream.IsOver) { Forget(stream); }
            }
        }
        finally { Volatile.Write(ref _isSweeping, 0); }
    }

    private void Forget(StreamTimeline stream)
    {
        lock (_membership)
        {
            if (!stream.IsOver || !_streams.TryRemove(stream.Name, out _)) { return; }
        }
        stream.Close();
    }
}
