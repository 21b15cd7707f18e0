using System.Net;
using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Gop;
using Mirror.IngestNode.Srt;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Streams;

/// <summary>One stream from its first publisher to its end: demuxer, GOP buffer, feed, counters. It outlives its connections.</summary>
/// <remarks>
/// All methods are for the receive loop that the stream is assigned to, which is why nothing here locks. Other threads read
/// <see cref="Record"/>, <see cref="IsReceiving"/> and <see cref="LastReceived"/> only.
/// </remarks>
internal sealed partial class LiveStream : IAccessUnitHandler, IDisposable
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TransportStreamDemuxer _demuxer;
    private readonly IFeedSink _sink;
    private readonly TimeSpan _reconnectWindow;
    private readonly DateTime _createdAt;
    private readonly Action _recordChanged;
    private readonly SilenceWatch _silence;
    private readonly TrackWatch _tracks;
    private readonly BurstPacer _pacer;
    private IPEndPoint _peer;
    private StreamStatus _status = StreamStatus.Connecting;
    private string? _statusReason;
    private string? _missing;                                // the track that stays away while the other one arrives
    private bool _isPaused;
    private Arrivals _arrivals;                              // as judged last
    private VideoTrack? _video;
    private AudioTrack? _audio;
    private readonly AudioTrack?[] _moreAudio = new AudioTrack?[TransportStreamDemuxer.MostSounds - 1];
    private ConnectionStats _connectionStats = new();
    private long _bytes;
    private long _packets;
    private long _lost;
    private long _lostBefore;
    private int _connections;
    private long _interruptedAt;
    private long _reportedAt;
    private long _reportedBytes;
    private long _reportedFrames;
    private long _videoFrames;
    private long _lastReceived;
    private volatile bool _isReceiving;

    public LiveStream(string id, IPEndPoint peer, SrtReceiveLoop loop, IFeedSink feed, GopBuffer gopBuffer, TransportStreamDemuxerOptions demux,
        TimeSpan reconnectWindow, Action recordChanged, TimeProvider time, ILogger logger)
    {
        Id = id;
        Loop = loop;
        GopBuffer = gopBuffer;
        _peer = peer;
        _time = time;
        _logger = logger;
        _reconnectWindow = reconnectWindow;
        _recordChanged = recordChanged;
        _silence = new SilenceWatch(time);
        _tracks = new TrackWatch(time);
        _pacer = new BurstPacer(time, Deliver);
        _createdAt = time.GetUtcNow().UtcDateTime;
        _lastReceived = _reportedAt = _interruptedAt = time.GetTimestamp();
        _demuxer = new TransportStreamDemuxer(this, demux, new StreamLogger(logger, id));
        _sink = feed;
        Record = MakeRecord(bitrate: 0, frameRate: 0);
    }

    public string Id { get; }

    /// <summary>The receive loop that alone may call this stream.</summary>
    public SrtReceiveLoop Loop { get; }

    public GopBuffer GopBuffer { get; }

    /// <summary>The publisher's connection; <see langword="null"/> while it is away.</summary>
    public SrtConnection? Connection { get; private set; }

    public bool HasEnded { get; private set; }

    /// <summary>The newest snapshot, for any thread.</summary>
    public StreamRecord Record { get; private set => Volatile.Write(ref field, value); }

    /// <summary>Whether a publisher is connected, for any thread.</summary>
    public bool IsReceiving => _isReceiving;

    /// <summary>When bytes last arrived, or the publisher connected, in <see cref="TimeProvider.GetTimestamp"/> ticks; for any thread.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    public bool ReconnectWindowIsOver => Connection is null && _time.GetElapsedTime(_interruptedAt) >= _reconnectWindow;

    /// <summary>A publisher is connected: the first, or one that continues the stream.</summary>
    public void Attach(SrtConnection connection)
    {
        Connection = connection;
        _peer = connection.Peer;
        _lostBefore = _lost;
        Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        _silence.Start();
        _tracks.Start();
        _arrivals = Arrivals.Media;
        _missing = null;
        _isReceiving = true;
        if (_connections++ > 0) { _demuxer.Restart(); }
        SetStatus(StreamStatus.Connecting, "waiting for the first access unit");
        LogConnected(Id, connection.Peer, _connections);
    }

    /// <summary>Bytes of the publisher, in order.</summary>
    public void Receive(ReadOnlySpan<byte> bytes, int packets, long now, DateTime arrival)
    {
        _bytes += bytes.Length;
        _packets += packets;
        Volatile.Write(ref _lastReceived, now);
        _silence.OnBytes(bytes.Length, now);
        _demuxer.Write(bytes, now, arrival);
    }

    /// <summary>Passes on what waits for its time. Called every few milliseconds.</summary>
    public void RunPacer() => _pacer.Run(_silence.IsBursty);

    /// <summary>Packets are missing for good between what was received and what comes next.</summary>
    public void SignalLoss(int packets)
    {
        _lost += packets;
        _demuxer.SignalLoss();
    }

    /// <summary>Lets go of the connection, which its loop closes.</summary>
    public void Detach()
    {
        if (Connection is { } connection) { _connectionStats = connection.ReadStatistics(); }
        Connection = null;
        _isReceiving = false;
    }

    /// <summary>The publisher is gone; the stream waits for it.</summary>
    public void Interrupt(string reason)
    {
        Detach();
        _interruptedAt = _time.GetTimestamp();
        _demuxer.Flush();
        _pacer.Flush();
        _sink.Interrupt();
        SetStatus(StreamStatus.Degraded, reason);
        LogInterrupted(Id, reason, _reconnectWindow.TotalSeconds);
    }

    /// <summary>Watches for silence, and refreshes the record once a second.</summary>
    public void KeepHouse()
    {
        if (Connection is not null)
        {
            WatchSilence();
            WatchTracks();
        }
        TimeSpan elapsed = _time.GetElapsedTime(_reportedAt);
        if (elapsed < ReportInterval) { return; }
        if (Connection is { } connection) { _connectionStats = connection.ReadStatistics(); }
        long bitrate = (long)((_bytes - _reportedBytes) * 8 / elapsed.TotalSeconds);
        double frameRate = Math.Round((_videoFrames - _reportedFrames) / elapsed.TotalSeconds, 2);
        (_reportedAt, _reportedBytes, _reportedFrames) = (_time.GetTimestamp(), _bytes, _videoFrames);
        Record = MakeRecord(bitrate, frameRate);
    }

    /// <summary>The stream is over.</summary>
    public void End(string reason)
    {
        HasEnded = true;
        _demuxer.Flush();
        _pacer.Flush();
        _sink.End();
        SetStatus(StreamStatus.Ended, reason);
        Dispose();
        LogEnded(Id, reason);
    }

    public void Dispose()
    {
        _pacer.Dispose();
        GopBuffer.Dispose();
        _demuxer.Dispose();
    }

    void IAccessUnitHandler.OnLayout(FeedLayout layout)
    {
        Array.Clear(_moreAudio);                             // which of them are there still is told by their frames
        _tracks.SetLayout(layout);
        _sink.SetLayout(layout);
    }

    void IAccessUnitHandler.OnAccessUnit(AccessUnit unit)
    {
        if (unit.Track is VideoTrack video)
        {
            _videoFrames++;
            _video = video;
        }
        else if (unit.Track.Id > TransportStreamDemuxer.AudioTrackId) { _moreAudio[unit.Track.Id - TransportStreamDemuxer.AudioTrackId - 1] = (AudioTrack)unit.Track; }
        else if (!ReferenceEquals(unit.Track, _audio)) { SetAudio((AudioTrack)unit.Track); }
        _silence.OnUnit();
        _tracks.OnUnit(unit.Track is VideoTrack);
        if (_status != StreamStatus.Active && _missing is null) { SetStatus(StreamStatus.Active, ReasonOf(_audio)); }
        _pacer.Write(unit, _silence.IsBursty);
    }

    private void Deliver(AccessUnit unit)
    {
        GopBuffer.Add(unit);
        _sink.Write(unit);
    }

    private void SetAudio(AudioTrack track)
    {
        string? reason = ReasonOf(track);
        if (reason is not null && reason != ReasonOf(_audio)) { LogAudio(Id, reason); }
        _audio = track;
        if (_status == StreamStatus.Active && reason != _statusReason) { SetStatus(StreamStatus.Active, reason); }
    }

    /// <summary>Why audio cannot be delivered as it comes, where its codec alone does not tell.</summary>
    private static string? ReasonOf(AudioTrack? audio)
        => audio is { HasLayoutOfItsOwn: true } ? $"no browser plays the layout of the audio's {audio.Channels} channels, so that it is offered encoded only" : null;

    /// <summary>The next access unit makes the stream active again.</summary>
    private void WatchSilence()
    {
        Arrivals arrivals = _silence.Judge();
        if (arrivals == _arrivals) { return; }
        _arrivals = arrivals;
        if (arrivals == Arrivals.Media) { return; }
        string reason = arrivals == Arrivals.Nothing ? "the publisher is connected but sends nothing" : $"data arrives, but {WhatIsMissing()}";
        if (arrivals == Arrivals.Nothing) { _demuxer.Flush(); }
        SetStatus(StreamStatus.Degraded, reason, isPaused: arrivals == Arrivals.Nothing);
        LogSilent(Id, reason);
    }

    private void WatchTracks()
    {
        string? missing = _arrivals == Arrivals.Media ? _tracks.Missing() : null;
        if (missing == _missing) { return; }
        _missing = missing;
        if (missing is null)
        {
            if (_arrivals == Arrivals.Media) { SetStatus(StreamStatus.Active, ReasonOf(_audio)); }
            return;
        }
        SetStatus(StreamStatus.Degraded, missing);
        LogSilent(Id, missing);
    }

    /// <summary>Returns the first step of demuxing that found nothing.</summary>
    private string WhatIsMissing()
    {
        if (_demuxer.Problem() is { } problem) { return problem; }
        DemuxStats stats = _demuxer.Stats;
        if (stats.ScrambledPackets > 0) { return "its packets are scrambled"; }
        return stats.Video.WaitingUnits > 0 ? "no key frame to start with" : "no frame that can be read";
    }

    private void SetStatus(StreamStatus status, string? reason, bool isPaused = false)
    {
        if (status == StreamStatus.Active) { _arrivals = Arrivals.Media; }
        (_status, _isPaused) = (status, isPaused);
        _statusReason = reason;
        Record = MakeRecord(Record?.Bitrate ?? 0, Record?.FrameRate ?? 0);
        _recordChanged();
    }

    private StreamRecord MakeRecord(long bitrate, double frameRate)
    {
        DemuxStats demux = _demuxer.Stats;
        return new StreamRecord
        {
            Id = Id,
            Type = "srt",
            SourceAddress = _peer.ToString(),
            Status = _status,
            StatusReason = _statusReason,
            IsPaused = _isPaused,
            CreatedAt = _createdAt,
            LastHeartbeat = _time.GetUtcNow().UtcDateTime,
            Video = _video,
            Audio = _audio,
            MoreAudio = [.. _moreAudio.OfType<AudioTrack>()],
            Bitrate = bitrate,
            FrameRate = frameRate,
            ReconnectWindow = _reconnectWindow,
            Stats = new StreamStats
            {
                BytesReceived = _bytes,
                PacketsReceived = _packets,
                PacketsLost = Math.Max(_lost, _lostBefore + _connectionStats.PacketsLost),
                Reconnects = Math.Max(0, _connections - 1),
                ContinuityErrors = demux.ContinuityErrors,
                TimestampJumps = demux.TimestampJumps,
                FrameBuffer = GopBuffer.Stats with { FramesDropped = DroppedBy(demux.Video) + DroppedBy(demux.Audio) },
                Connection = _connectionStats,
            },
        };
    }

    private static long DroppedBy(DemuxTrackStats track) => track.DroppedUnits + track.BadTimestamps;

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: publisher {Peer} connected (connection {Connection})")]
    private partial void LogConnected(string stream, IPEndPoint peer, int connection);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Reason}; waiting {Seconds} s for it to come back")]
    private partial void LogInterrupted(string stream, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: degraded, {Reason}")]
    private partial void LogSilent(string stream, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Reason}")]
    private partial void LogAudio(string stream, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: ended, {Reason}")]
    private partial void LogEnded(string stream, string reason);
}
