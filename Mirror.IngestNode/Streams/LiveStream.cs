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
    private IPEndPoint _peer;
    private StreamStatus _status = StreamStatus.Connecting;
    private string? _statusReason;
    private VideoTrack? _video;
    private AudioTrack? _audio;
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
        _isReceiving = true;
        if (_connections++ > 0) { _demuxer.Restart(); }
        SetStatus(StreamStatus.Connecting, "waiting for the first access unit");
        LogConnected(Id, connection.Peer, _connections);
    }

    /// <summary>Bytes of the publisher, in order.</summary>
    public void Receive(ReadOnlySpan<byte> bytes, int packets, long now, DateTime due)
    {
        _bytes += bytes.Length;
        _packets += packets;
        Volatile.Write(ref _lastReceived, now);
        _demuxer.Write(bytes, now, due);
    }

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
        _sink.Interrupt();
        SetStatus(StreamStatus.Degraded, reason);
        LogInterrupted(Id, reason, _reconnectWindow.TotalSeconds);
    }

    /// <summary>Refreshes the record once a second.</summary>
    public void KeepHouse()
    {
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
        _sink.End();
        SetStatus(StreamStatus.Ended, reason);
        Dispose();
        LogEnded(Id, reason);
    }

    public void Dispose()
    {
        GopBuffer.Dispose();
        _demuxer.Dispose();
    }

    void IAccessUnitHandler.OnLayout(FeedLayout layout) => _sink.SetLayout(layout);

    void IAccessUnitHandler.OnAccessUnit(AccessUnit unit)
    {
        if (unit.Track is VideoTrack video)
        {
            _videoFrames++;
            _video = video;
        }
        else
        {
            _audio = (AudioTrack)unit.Track;
        }
        if (_status != StreamStatus.Active) { SetStatus(StreamStatus.Active, null); }
        GopBuffer.Add(unit);
        _sink.Write(unit);
    }

    private void SetStatus(StreamStatus status, string? reason)
    {
        _status = status;
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
            CreatedAt = _createdAt,
            LastHeartbeat = _time.GetUtcNow().UtcDateTime,
            Video = _video,
            Audio = _audio,
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: ended, {Reason}")]
    private partial void LogEnded(string stream, string reason);
}
